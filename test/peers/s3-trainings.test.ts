import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Backend } from "../../src/contract/backend.ts";
import type { RegistryStore } from "../../src/contract/registry-store.ts";
import { startRun } from "../../src/fluent/start-run.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { batchOf } from "../contract/batches.ts";
import { send } from "../contract/subject.ts";
import { runProgram } from "../support/child.ts";
import { bin } from "../support/command-line.ts";
import { answer, FaultProxy, pass } from "../support/fault-proxy.ts";
import { spoolDirectory, startTraining } from "../support/faulty-training.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, keysBelow, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { TrainingChild } from "../support/training-child.ts";
import { startVersitygw } from "../support/versitygw.ts";
import { warnings } from "../support/warnings.ts";

const TRAININGS = 20;
const PATIENCE = { timeout: 120_000, interval: 500 };

const environmentFor = ({ options: { endpoint, credentials } }: S3Server, spool: string) => ({
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  TIDEMARK_SPOOL_DIR: spool,
});
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.skipIf(leftOut("versitygw"))("trainings in a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  it(`are listed while they go on, ${TRAININGS} programs at once`, async () => {
    const uri = `s3://${BUCKET}/live`;
    const stopFile = join(temporaryDirectory(), "stop");
    const env = environmentFor(server, spoolDirectory());
    const children = upTo(TRAININGS).map((number) => {
      const argument = { number, experiment: "live", flushIntervalMs: 300, stopFile };
      return new TrainingChild("faults/log-until-told.mjs", argument, uri, env);
    });
    onTestFinished(() => {
      for (const child of children) child.process.kill("SIGKILL");
    });
    await Promise.all(children.map((child) => child.says("\n")));
    /** What `tidemark runs list` says of each run, by its name. */
    const listed = async () => {
      const args = ["--uri", uri, "runs", "list", "-e", "live", "--columns", "name,status,metrics.loss"];
      const { code, stdout, stderr } = await runProgram(bin, args, { cwd: temporaryDirectory(), env });
      expect(code, stderr).toBe(0);
      const [, ...rows] = stdout.trimEnd().split("\n");
      return new Map(rows.map((row) => row.split("\t")).map(([name = "", status, loss]) => [name, { status, loss }]));
    };
    const losses = await vi.waitFor(async () => {
      const runs = await listed();
      expect([...runs.keys()].sort()).toEqual(
        upTo(TRAININGS)
          .map((number) => `training ${number}`)
          .sort(),
      );
      for (const { status, loss } of runs.values()) {
        expect(status).toBe("RUNNING");
        expect(loss).toMatch(/^\d+$/);
      }
      return new Map([...runs].map(([name, { loss }]) => [name, Number(loss)]));
    }, PATIENCE);
    await vi.waitFor(async () => {
      for (const [name, { loss }] of await listed()) expect(Number(loss), name).toBeGreaterThan(losses.get(name) ?? 0);
    }, PATIENCE);

    writeFileSync(stopFile, "");
    const reports = await Promise.all(
      children.map(async (child) => {
        expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });
        return JSON.parse(child.stdout.trim().split("\n").at(-1) as string) as { count: number; pending: number };
      }),
    );
    expect(reports.map(({ pending }) => pending)).toEqual(Array(TRAININGS).fill(0));
    const atTheEnd = await listed();
    for (const [number, { count }] of reports.entries())
      expect(atTheEnd.get(`training ${number}`)).toEqual({ status: "FINISHED", loss: String(count - 1) });
    const store = storeAt(server, "live");
    const experimentId = (await store.tracking.getExperimentByName("live"))?.id as string;
    const query = { experimentIds: [experimentId], viewType: "active", maxResults: 100 } as const;
    for (const { id, name } of (await store.tracking.searchRuns(query)).items) {
      const { count } = reports[Number(name.split(" ")[1])] as { count: number };
      expect([...(await store.tracking.metricHistory(id, "loss")).values], name).toEqual(upTo(count));
    }
    await store.close();
  }, 300_000);

  it("end where nothing may be deleted, which is said once", async () => {
    const said = warnings();
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    const denied = "<Error><Code>AccessDenied</Code><Message>objects here are kept</Message></Error>";
    proxy.script = ({ incoming: { method } }) => (method === "DELETE" ? answer(403, denied, {}) : pass);
    const client = await connect(storeAt(server, "kept", { endpoint: proxy.address }));
    const ids: string[] = [];
    for (let n = 0; n < 2; n++) {
      const run = await startRun({ client, experiment: "kept", params: { n } });
      for (let step = 0; step < 3; step++) {
        run.logMetric("loss", step, { step });
        await run.flush();
      }
      await run.end();
      ids.push(run.id);
    }
    await client.close();
    expect(proxy.spoiled).toBeGreaterThan(0);
    const ofRubbish = said.filter((message) => message.includes("do not count any more"));
    expect(ofRubbish).toEqual([expect.stringMatching(/^tidemark: \d+ objects of bucket "artifacts".*s3:DeleteObject/)]);

    const store = storeAt(server, "kept");
    for (const id of ids) {
      expect(await store.tracking.getRun(id)).toMatchObject({ status: "FINISHED", metrics: { loss: 2 } });
      expect([...(await store.tracking.metricHistory(id, "loss")).values]).toEqual([0, 1, 2]);
    }
    // They are there still, and count once.
    const keys = await keysBelow(new S3Opener(server.options).bucket(BUCKET), `kept/runs/run=${ids[0]}/`);
    expect(keys.filter((key) => key.includes("/seg/"))).toHaveLength(3);
    expect(keys.filter((key) => key.includes("/cmp/"))).toHaveLength(1);
    await store.close();
  }, 60_000);
});

describe.skipIf(leftOut("versitygw"))("a storage that is killed and started again", () => {
  it("has all that was acknowledged, and everything of every training in the end", async () => {
    const storage = await startVersitygw(BUCKET);
    onTestFinished(() => storage.kill());
    const server: S3Server = {
      options: { endpoint: storage.address, region: "us-east-1", credentials: storage.keys },
      kill: storage.kill,
    };
    const address = `s3://${BUCKET}/restarts`;
    const spool = spoolDirectory();
    const count = 4_000;
    const trainings = upTo(3).map((number) => {
      const env = environmentFor(server, spool);
      const child = startTraining({
        address,
        spool,
        experiment: `training ${number}`,
        count,
        env,
        endTimeoutMs: 120_000,
      });
      onTestFinished(() => void child.process.kill("SIGKILL"));
      return child;
    });
    const programs = upTo(2).map(() => storeAt(server, "restarts"));
    const [first] = programs as [Backend];
    const registryOf = ({ registry }: Backend) => registry as RegistryStore;
    await registryOf(first).createModel({ name: "digits" });
    const { id: runId } = await first.tracking.createRun({ experimentId: "0" });

    let isOver = false;
    const acknowledged = { versions: [] as number[], tags: [] as string[], values: [] as number[] };
    /** Repeats what was not acknowledged, as the queue and users do. */
    const work = async (backend: Backend, program: number) => {
      const sink = await backend.tracking.openSink(runId);
      for (let n = 0; !isOver; n++) {
        const value = n * programs.length + program;
        await registryOf(backend)
          .createVersion({ name: "digits", source: `s3://models/${value}` })
          .then(({ version }) => acknowledged.versions.push(version))
          .catch(() => {});
        await backend.tracking
          .setExperimentTag("0", { key: `tag ${value}`, value: "set" })
          .then(() => acknowledged.tags.push(`tag ${value}`))
          .catch(() => {});
        const batch = batchOf({ points: [{ key: "loss", value, step: value, timestamp: 1_000 + value }] });
        while ((await send(sink, batch)).status !== "ok") await sleep(50);
        acknowledged.values.push(value);
      }
      await sink.close();
    };
    const working = Promise.all(programs.map(work));
    for (let kills = 0; kills < 3; kills++) {
      await sleep(1_500);
      await storage.restart(300);
    }
    await sleep(1_000);
    isOver = true;
    await working;
    for (const child of trainings) {
      expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });
      const report = JSON.parse(child.stdout.trim().split("\n").at(-1) as string);
      expect(report).toMatchObject({ ended: "ended", stats: { pending: 0, rejected: 0, dropped: 0 } });
    }

    const { versions, tags, values } = acknowledged;
    expect(Math.min(versions.length, tags.length, values.length)).toBeGreaterThan(10);
    expect(new Set(versions).size).toBe(versions.length);
    const store = storeAt(server, "restarts");
    const { items } = await registryOf(store).searchVersions({ maxResults: 10_000 });
    const stored = new Set(items.map(({ version }) => version));
    expect(versions.filter((version) => !stored.has(version))).toEqual([]);
    const experiment = await store.tracking.getExperiment("0");
    expect(tags.filter((tag) => experiment.tags[tag] !== "set")).toEqual([]);
    const history = await store.tracking.metricHistory(runId, "loss");
    expect([...history.values]).toEqual([...values].sort((a, b) => a - b));
    for (const number of upTo(trainings.length)) {
      const { id } = (await store.tracking.getExperimentByName(`training ${number}`)) as { id: string };
      const found = await store.tracking.searchRuns({ experimentIds: [id], viewType: "active", maxResults: 10 });
      expect(found.items.map(({ status }) => status)).toEqual(["FINISHED"]);
      const trained = await store.tracking.metricHistory(found.items[0]?.id ?? "", "loss");
      expect([...trained.values]).toEqual(upTo(count));
    }
    for (const { close } of [...programs, store]) await close();
  }, 240_000);
});
