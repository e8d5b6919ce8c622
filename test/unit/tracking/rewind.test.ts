import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Backend } from "../../../src/contract/backend.ts";
import type { TrackingStore } from "../../../src/contract/tracking-store.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { type Client, connect, dataset, type Run, startRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { thisProcess } from "../../../src/queue/spool/owner.ts";
import { listSpool } from "../../../src/queue/spool/spool.ts";
import { AwayBackend } from "../../support/away-backend.ts";
import { age, runDirectory, temporaryDirectory } from "../../support/mlruns.ts";

const quiet = { captureEnvironment: false };

/** A backend whose store cannot take values back. */
const withoutRewind = <T extends { readonly tracking: TrackingStore }>(backend: T): T => ({
  ...backend,
  tracking: new Proxy(backend.tracking, {
    get: (target, name) => {
      if (name === "rewind" || name === "marks" || name === "sync") return undefined;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }),
});

function awayWithoutRewind(): Backend {
  const { backend } = new AwayBackend(`no rewind ${Math.random()}`);
  return {
    ...withoutRewind(backend),
    ...(backend.remote === undefined ? {} : { remote: withoutRewind(backend.remote) }),
  };
}

const BACKENDS: readonly [string, () => Backend, boolean][] = [
  ["in memory", memoryBackend, true],
  ["in a directory", () => fsBackend({ directory: join(temporaryDirectory(), "mlruns") }), true],
  ["behind a spool", () => new AwayBackend(`rewind ${Math.random()}`).backend, true],
  ["at a backend that cannot take values back", () => withoutRewind(memoryBackend()), false],
  ["at one that can be away, and cannot take values back", awayWithoutRewind, false],
];

async function pointsOf(client: Client, runId: string, key: string): Promise<[number, number][]> {
  const { steps, values } = await client.runs.metricHistory(runId, key);
  return Array.from(steps, (step, at) => [step, values[at] as number]);
}

describe.each(BACKENDS)("a run %s", (_, makeBackend, isSameRun) => {
  async function newClient(): Promise<Client> {
    const client = await connect(makeBackend());
    onTestFinished(() => client.close());
    return client;
  }

  it("goes on from a mark: what came behind it is gone, and steps continue as they were there", async () => {
    const client = await newClient();
    const run = await startRun({ client, params: { lr: 1 }, tags: { team: "vision" }, name: "marked", ...quiet });
    run.logInput(dataset({ name: "digits", data: [[1, 2]] }), { context: "training" });
    for (let batch = 0; batch < 30; batch++) run.logMetric("batch/loss", batch);
    run.logMetric("loss", 10);
    run.logMetrics({ loss: 9, accuracy: 0.1 });
    run.mark("epoch 2");
    for (let batch = 30; batch < 50; batch++) run.logMetric("batch/loss", batch);
    run.logMetric("loss", 8);
    run.logMetric("late", 1);
    run.logParam("found later", "yes");
    await run.end({ status: "FAILED" });
    expect((await client.runs.marks(run.id)).map(({ name }) => name)).toEqual(["epoch 2"]);

    const again = await startRun({ client, runId: run.id, fromMark: "epoch 2", ...quiet });
    expect(again.id === run.id).toBe(isSameRun);
    expect(again.name).toBe("marked");
    again.logMetric("loss", 7);
    again.logMetric("late", 2);
    again.logMetric("batch/loss", -1);
    await again.end();

    expect(await pointsOf(client, again.id, "loss")).toEqual([
      [0, 10],
      [1, 9],
      [2, 7],
    ]);
    expect(await pointsOf(client, again.id, "accuracy")).toEqual([[1, 0.1]]);
    expect(await pointsOf(client, again.id, "late")).toEqual([[0, 2]]);
    expect((await pointsOf(client, again.id, "batch/loss")).at(-1)).toEqual([30, -1]);
    expect(await pointsOf(client, again.id, "batch/loss")).toHaveLength(31);
    const { params, tags, status, inputs } = await client.runs.get(again.id);
    expect(params).toEqual({ lr: "1", "found later": "yes" });
    expect(tags.team).toBe("vision");
    expect(status).toBe("FINISHED");
    expect(inputs.map((input) => input.dataset.name)).toEqual(["digits"]);
  });

  it("goes on from before steps, key by key", async () => {
    const client = await newClient();
    const run = await startRun({ client, ...quiet });
    for (let step = 0; step < 10; step++) run.logMetrics({ loss: step, accuracy: step }, { step });
    await run.end();
    const again = await startRun({ client, runId: run.id, fromStep: { loss: 6, missing: 1 }, ...quiet });
    again.logMetric("loss", 60);
    again.logMetric("accuracy", 100);
    await again.end();
    expect((await pointsOf(client, again.id, "loss")).slice(-2)).toEqual([
      [5, 5],
      [6, 60],
    ]);
    expect((await pointsOf(client, again.id, "accuracy")).slice(-2)).toEqual([
      [9, 9],
      [10, 100],
    ]);
  });

  it("keeps what is before a mark whatever order its steps came in, and drops the rest of the same millisecond", async () => {
    const client = await newClient();
    const run = await startRun({ client, ...quiet });
    for (const step of [5, 3, 9]) run.logMetric("loss", step, { step, timestamp: 1_000 + step });
    run.mark("here");
    for (const step of [10, 11]) run.logMetric("loss", step, { step, timestamp: 1_000 });
    await run.end();
    const again = await startRun({ client, runId: run.id, fromMark: "here", ...quiet });
    await again.end();
    expect((await pointsOf(client, again.id, "loss")).map(([step]) => step)).toEqual([3, 5, 9]);
  });

  it("names the marks there are where one is missing, and stays as it is", async () => {
    const client = await newClient();
    const run = await startRun({ client, ...quiet });
    run.logMetric("loss", 1);
    run.mark("a");
    run.mark("b");
    await run.end();
    const opened = startRun({ client, runId: run.id, fromMark: "c", ...quiet });
    await expect(opened).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
      message: expect.stringMatching(/no mark "c": it has "a", "b"/),
      details: { marks: ["a", "b"] },
    });
    expect(await pointsOf(client, run.id, "loss")).toEqual([[0, 1]]);
    expect((await client.runs.get(run.id)).status).toBe("FINISHED");
  });

  it("is taken back again and again, with marks that move", async () => {
    const client = await newClient();
    let { id } = await (async () => {
      const run = await startRun({ client, ...quiet });
      run.mark("last");
      run.logMetric("loss", -1);
      await run.end();
      return run;
    })();
    for (let life = 0; life < 4; life++) {
      const run: Run = await startRun({ client, runId: id, fromMark: "last", ...quiet });
      id = run.id;
      run.logMetric("loss", life);
      run.mark("last");
      run.logMetric("loss", -1);
      await run.end();
    }
    const run = await startRun({ client, runId: id, fromMark: "last", ...quiet });
    await run.end();
    expect(await pointsOf(client, run.id, "loss")).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect((await client.runs.marks(run.id)).map(({ name }) => name)).toEqual(["last"]);
  });

  it("goes on where it has got to when a job asks for its first run every time", async () => {
    const client = await newClient();
    const first = await startRun({ client, ...quiet });
    first.mark("last");
    await first.end();
    for (let life = 0; life < 3; life++) {
      const run = await startRun({ client, runId: first.id, fromMark: "last", ...quiet });
      run.logMetric("loss", life);
      run.mark("last");
      run.logMetric("loss", -1);
      await run.end({ status: "FAILED" });
    }
    const run = await startRun({ client, runId: first.id, fromMark: "last", ...quiet });
    await run.end();
    expect((await pointsOf(client, run.id, "loss")).map(([, value]) => value)).toEqual([0, 1, 2]);
  });

  it("has marks for ten thousand keys", async () => {
    const client = await newClient();
    const run = await startRun({ client, ...quiet });
    const keys = Array.from({ length: 10_000 }, (_, n) => `layer ${n}.gradient norm`);
    for (const key of keys) run.logMetric(key, 1);
    run.mark("all");
    for (const key of keys.slice(0, 50)) run.logMetric(key, 2);
    await run.end({ timeoutMs: 60_000 });
    const again = await startRun({ client, runId: run.id, fromMark: "all", ...quiet });
    await again.end();
    const { latestMetrics } = await client.runs.get(again.id);
    expect(latestMetrics).toHaveLength(10_000);
    expect(latestMetrics.every(({ step }) => step === 0)).toBe(true);
  }, 120_000);
});

describe("a run that cannot be taken back goes on as another", () => {
  it("linked both ways, with the old one as it was", async () => {
    const client = await connect(withoutRewind(memoryBackend()));
    const parent = await startRun({ client, ...quiet });
    const run = await parent.startChild({ tags: { a: "b" }, ...quiet });
    run.logMetric("loss", 1);
    run.mark("early");
    run.logMetric("loss", 2);
    run.mark("late");
    await run.end({ status: "FAILED" });
    const before = await client.runs.get(run.id);
    const again = await startRun({ client, runId: run.id, fromMark: "early", ...quiet });
    await again.end();
    await parent.end();
    const after = await client.runs.get(run.id);
    expect(after).toEqual({ ...before, tags: { ...before.tags, "tidemark.rewoundTo": again.id } });
    const copy = await client.runs.get(again.id);
    expect(copy).toMatchObject({ name: before.name, startTime: before.startTime, experimentId: before.experimentId });
    expect(copy.tags).toMatchObject({ a: "b", "tidemark.rewoundFrom": run.id, "mlflow.parentRunId": parent.id });
    expect((await client.runs.marks(again.id)).map(({ name }) => name)).toEqual(["early"]);
  });

  it("that is deleted where it cannot be made whole", async () => {
    const backend = withoutRewind(memoryBackend());
    const client = await connect(backend);
    const run = await startRun({ client, ...quiet });
    run.logMetric("loss", 1);
    run.mark("a");
    await run.end();
    const broken = new Proxy(backend.tracking, {
      get: (target, name) =>
        name === "metricHistory"
          ? async () => {
              throw new Error("no histories today");
            }
          : Reflect.get(target, name),
    });
    const opened = startRun({
      client: await connect({ ...backend, tracking: broken }),
      runId: run.id,
      fromMark: "a",
      ...quiet,
    });
    await expect(opened).rejects.toThrow(/no histories today/);
    const { items } = await client.runs.search({ experimentIds: ["0"] }).page();
    expect(items.map(({ id }) => id)).toEqual([run.id]);
    expect((await client.runs.get(run.id)).tags["tidemark.rewoundTo"]).toBeUndefined();
  });
});

describe("a run that says RUNNING", () => {
  /** A run in a directory that was opened by some process, long enough ago. */
  async function leftBy(owner: object): Promise<() => Promise<Run>> {
    const mlruns = join(temporaryDirectory(), "mlruns");
    const client = await connect(mlruns);
    const run = await startRun({ client, tags: { "tidemark.process": JSON.stringify(owner) }, ...quiet });
    run.logMetric("loss", 1);
    run.mark("a");
    await run.end();
    await client.runs.update({ runId: run.id, status: "RUNNING" });
    age(runDirectory(mlruns, run.id), Date.now() - 3_600_000);
    return () => startRun({ client, runId: run.id, fromMark: "a", ...quiet });
  }

  it.each([
    ["runs", undefined, "running"],
    ["is stopped", "SIGSTOP", "stopped"],
  ] as const)(
    "is refused while the process that has opened it %s, however long it is silent",
    async (_, signal, state) => {
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1_000)"]);
      onTestFinished(() => void child.kill("SIGKILL"));
      await once(child, "spawn");
      const pid = child.pid as number;
      const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
      const goOn = await leftBy({ ...thisProcess(), pid, startedAt: stat()[21] });
      if (signal !== undefined) {
        child.kill(signal);
        await expect.poll(() => stat()[2]).toBe("T");
      }
      await expect(goOn()).rejects.toMatchObject({
        code: "INVALID_STATE",
        message: expect.stringContaining(`process ${pid} of this machine, which has opened it, is ${state}`),
      });
      child.kill("SIGKILL");
      await once(child, "exit");
      await (await goOn()).end();
    },
  );

  it.each([
    ["of which nothing is known", { ...thisProcess(), host: "elsewhere" }],
    ["that had this number before another one", { ...thisProcess(), pid: process.ppid, startedAt: "1" }],
  ])("goes on from a mark after a process %s", async (_, owner) => {
    await (await (await leftBy(owner))()).end();
  });
});

describe("a run with values in the spool", () => {
  const spoolAt = () => ({ dir: join(temporaryDirectory(), "spool") });

  it("is taken back when what a dead program has left is at the backend", async () => {
    const away = new AwayBackend(`spooled ${Math.random()}`);
    const client = await connect(away.backend);
    const spool = spoolAt();
    const run = await startRun({ client, spool, ...quiet });
    run.logMetric("loss", 1);
    run.mark("a");
    await run.flush();
    away.isAway = true;
    run.logMetric("loss", 2);
    run.mark("b");
    run.logMetric("loss", 3);
    await run.end({ timeoutMs: 50 });
    expect(listSpool(spool.dir)).toHaveLength(1);
    away.isAway = false;
    const again = await startRun({ client, runId: run.id, fromMark: "b", spool, ...quiet });
    again.logMetric("loss", 4);
    await again.end();
    expect(await pointsOf(client, run.id, "loss")).toEqual([
      [0, 1],
      [1, 2],
      [2, 4],
    ]);
    expect(listSpool(spool.dir)).toHaveLength(0);
  });

  it("is not while a program has it open", async () => {
    const { backend } = new AwayBackend(`open ${Math.random()}`);
    const client = await connect(backend);
    const spool = spoolAt();
    const run = await startRun({ client, spool, ...quiet });
    run.logMetric("loss", 1);
    run.mark("a");
    await run.flush();
    const opened = startRun({ client, runId: run.id, fromMark: "a", spool, ...quiet });
    await expect(opened).rejects.toMatchObject({ code: "INVALID_STATE", message: expect.stringMatching(/open/) });
    await run.end();
  });
});

describe("arguments", () => {
  const client = connect(memoryBackend());

  it.each([
    [{ fromMark: "a" }, /fromMark.*runId/],
    [{ fromStep: { loss: 1 } }, /fromStep.*runId/],
    [{ runId: "1", fromMark: "a", fromStep: { loss: 1 } }, /fromStep.*fromMark/],
    [{ runId: "1", fromStep: { loss: 1.5 } }, /fromStep\.loss/],
    [{ runId: "1", fromStep: { "../x": 1 } }, /fromStep/],
    [{ runId: "1", fromMark: "a/../b" }, /fromMark/],
  ])("%o are refused by name", async (options, message) => {
    const opened = startRun({ client: await client, ...options, ...quiet });
    await expect(opened).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringMatching(message),
    });
  });

  it.each([[""], ["a/b"], ["..\\x"], [" a"], ["x".repeat(101)], [7]])("a mark %o is refused", async (name) => {
    const run = await startRun({ client: await client, ...quiet });
    const marking = () => run.mark(name as string);
    expect(marking).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringMatching(/^name/) }),
    );
    await run.end();
    expect(() => run.mark("late")).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
  });
});
