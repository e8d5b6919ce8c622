import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { experimentIdFor } from "../../src/base/experiment-ids.ts";
import { connect } from "../../src/connect/connect.ts";
import type { Backend } from "../../src/contract/backend.ts";
import type { RegistryStore } from "../../src/contract/registry-store.ts";
import { startRun } from "../../src/fluent/start-run.ts";
import type { S3Client } from "../../src/s3/client.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import type { S3StoreOptions } from "../../src/s3/store/s3-store-options.ts";
import { batchOf } from "../contract/batches.ts";
import { backendContract } from "../contract/suite.ts";
import { answer, type Exchange, type Fault, FaultProxy, loseAnswer, pass } from "../support/fault-proxy.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import {
  BUCKET,
  keysBelow,
  type S3Server,
  startMotoServer,
  startVersitygwServer,
  storeAt,
} from "../support/s3-servers.ts";

const refusal = (status: number, code: string): Fault =>
  answer(status, `<Error><Code>${code}</Code><Message>on purpose</Message></Error>`, {
    "content-type": "application/xml",
  });
const isConditional = ({ incoming: { method, headers } }: Exchange): boolean =>
  method === "PUT" && (headers["if-none-match"] !== undefined || headers["if-match"] !== undefined);
const registryOf = ({ registry }: Backend) => registry as RegistryStore;

let made = 0;
const newPrefix = () => `store/${made++}`;

/** A store behind a proxy that can spoil requests, closed when the test ends. */
async function spoiledStore(server: S3Server, prefix = newPrefix(), options: Partial<S3StoreOptions> = {}) {
  const proxy = await FaultProxy.start(server.options.endpoint, true);
  const store = storeAt(server, prefix, { endpoint: proxy.address, ...options });
  onTestFinished(() => store.close());
  return { proxy, store };
}

describe.skipIf(leftOut("versitygw"))("a store in a bucket", () => {
  let server: S3Server;
  let bucket: S3Client;
  beforeAll(async () => {
    server = await startVersitygwServer();
    bucket = new S3Opener(server.options).bucket(BUCKET);
  });
  afterAll(() => server?.kill());

  describe("that is not there yet", () => {
    it("is read as an empty one, and reading makes nothing", async () => {
      const prefix = newPrefix();
      const store = storeAt(server, prefix);
      const { tracking } = store;
      expect(await tracking.getExperiment("0")).toMatchObject({ id: "0", name: "Default", lifecycleStage: "active" });
      expect(await tracking.getExperimentByName("Default")).toMatchObject({ id: "0" });
      const all = { viewType: "all", maxResults: 10 } as const;
      expect((await tracking.searchExperiments(all)).items.map(({ name }) => name)).toEqual(["Default"]);
      expect((await tracking.searchRuns({ ...all, experimentIds: ["0"] })).items).toEqual([]);
      expect((await registryOf(store).searchModels({ maxResults: 10 })).items).toEqual([]);
      expect((await registryOf(store).searchVersions({ maxResults: 10 })).items).toEqual([]);
      await expect(tracking.getRun("a".repeat(32))).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
      await expect(registryOf(store).getModel("x")).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
      expect(await keysBelow(bucket, prefix)).toEqual([]);
      await store.close();
    });

    it("is made by the first write, once, with the experiment that every store has", async () => {
      const prefix = newPrefix();
      const stores = Array.from({ length: 4 }, () => storeAt(server, prefix));
      await Promise.all(stores.map(({ tracking }) => tracking.createRun({ experimentId: "0" })));
      const keys = await keysBelow(bucket, prefix);
      expect(keys.filter((key) => key.endsWith("/_store.json"))).toHaveLength(1);
      expect(keys).toContain(`${prefix}/exps/0/exp.json`);
      expect(keys).toContain(`${prefix}/exp-names/Default.json`);
      expect(keys.filter((key) => key.includes("/_probe/"))).toEqual([]);
      const [first] = stores as [Backend];
      expect(await first.tracking.getExperimentByName("Default")).toMatchObject({ id: "0" });
      for (const { close } of stores) await close();
    });

    it("may be in a bucket that is not there, which is said", async () => {
      const store = storeAt(server, newPrefix(), {});
      await store.close();
      const missing = await connect("s3://nowhere-at-all/x", { ...server.options });
      await expect(missing.experiments.create({ name: "a" })).rejects.toMatchObject({
        code: "RESOURCE_DOES_NOT_EXIST",
        message: expect.stringContaining('there is no bucket "nowhere-at-all"'),
      });
      await missing.close();
    });
  });

  it("of another version of the format is left alone", async () => {
    const prefix = newPrefix();
    const file = { format: "tidemark-s3-store", version: 2, id: "x", createdAt: 1 };
    await bucket.put(`${prefix}/_store.json`, Buffer.from(JSON.stringify(file)));
    const store = storeAt(server, prefix);
    const refused = { code: "NOT_IMPLEMENTED", message: expect.stringContaining("version 2") };
    await expect(store.tracking.getExperiment("0")).rejects.toMatchObject(refused);
    await expect(store.tracking.createExperiment({ name: "a" })).rejects.toMatchObject(refused);
    expect(await keysBelow(bucket, prefix)).toEqual([`${prefix}/_store.json`]);
    await store.close();
  });

  it("keeps its keys where storages that have files find room for them", async () => {
    const prefix = newPrefix();
    const store = storeAt(server, prefix);
    const names = ["a/b", "a", "..", "%2F", "名".repeat(120), "x".repeat(500), "h-1", "ümlaut 'x' *"];
    for (const name of names) await store.tracking.createExperiment({ name });
    for (const name of names) expect((await store.tracking.getExperimentByName(name))?.name).toBe(name);
    const keys = await keysBelow(bucket, prefix);
    for (const key of keys) {
      for (const segment of key.split("/")) expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
      expect(keys.filter((other) => other.startsWith(`${key}/`))).toEqual([]);
    }
    await store.close();
  });

  it("puts its artifacts where the layout says", async () => {
    const prefix = newPrefix();
    const store = storeAt(server, prefix);
    const run = await store.tracking.createRun({ experimentId: "0" });
    expect(run.artifactUri).toBe(`s3://${BUCKET}/${prefix}/runs/run=${run.id}/artifacts`);
    await store.artifacts(run.artifactUri).write("notes/a.txt", Buffer.from("a"));
    expect(await keysBelow(bucket, `${prefix}/runs/run=${run.id}/artifacts/`)).toEqual([
      `${prefix}/runs/run=${run.id}/artifacts/notes/a.txt`,
    ]);
    await store.close();
  });

  it("is written with the headers that were asked for", async () => {
    const headers = { "x-amz-meta-owner": "ann" };
    const store = storeAt(server, newPrefix(), { uploadHeaders: headers });
    const run = await store.tracking.createRun({ experimentId: "0" });
    const { headers: kept } = await bucket.head(
      `${run.artifactUri.slice(`s3://${BUCKET}/`.length, -"artifacts".length)}run.json`,
    );
    expect(kept["x-amz-meta-owner"]).toBe("ann");
    await store.close();
  });

  it("writes changes of one object that come at once together", async () => {
    const { proxy, store } = await spoiledStore(server, newPrefix(), { headIntervalMs: 1_000 });
    const id = await store.tracking.createExperiment({ name: "busy" });
    const puts = countOf(proxy, (exchange) => exchange.incoming.method === "PUT" && exchange.path.endsWith("exp.json"));
    const keys = Array.from({ length: 100 }, (_, n) => `tag ${n}`);
    await Promise.all(keys.map((key) => store.tracking.setExperimentTag(id, { key, value: "x" })));
    expect(Object.keys((await store.tracking.getExperiment(id)).tags)).toHaveLength(keys.length);
    expect(puts.count).toBeLessThanOrEqual(2);
  });

  it("counts values that come after the end of their run", async () => {
    const store = storeAt(server, newPrefix());
    const { tracking } = store;
    const { id } = await tracking.createRun({ experimentId: "0" });
    const write = async (value: number, step: number) => {
      const sink = await tracking.openSink(id);
      if (!("write" in sink)) throw new Error("a bucket cannot be written at once");
      const points = [{ key: "loss", value, step, timestamp: step }];
      expect(await sink.write(batchOf({ points }), new AbortController().signal)).toEqual({ status: "ok" });
      return sink;
    };
    const losses = async () => {
      const query = { experimentIds: ["0"], viewType: "active", maxResults: 10, filter: "metrics.loss >= 0" } as const;
      const { items } = await tracking.searchRuns(query);
      return [(await tracking.getRun(id)).metrics.loss, ...items.map(({ metrics }) => metrics.loss)];
    };
    await (await write(3, 1)).close();
    expect(await losses()).toEqual([3, 3]);
    const open = await write(2, 2);
    await tracking.updateRun({ runId: id, status: "FINISHED", endTime: 9 });
    expect(await losses()).toEqual([2, 2]);
    const late = await write(1, 3);
    expect(await losses()).toEqual([1, 1]);
    await late.close();
    await open.close();
    expect(await losses()).toEqual([1, 1]);
    const head = JSON.parse(Buffer.from(await headOf(bucket, store, id)).toString());
    expect(head.latestMetrics).toEqual([{ key: "loss", value: 1, step: 3, timestamp: 3 }]);
    await store.close();
  });

  describe("gives a name to one, where", () => {
    /** Two programs at one store: what the first writes to heads of experiments waits at the gate. */
    async function heldBack() {
      const prefix = newPrefix();
      const { proxy, store: held } = await spoiledStore(server, prefix);
      const other = storeAt(server, prefix);
      onTestFinished(() => other.close());
      const id = await held.tracking.createExperiment({ name: "before" });
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      proxy.script = ({ path, incoming: { method } }) =>
        method === "PUT" && path.endsWith("/exp.json")
          ? async (exchange) => {
              await gate;
              await pass(exchange);
            }
          : pass;
      const named = async (name: string) => {
        const { items } = await other.tracking.searchExperiments({ viewType: "all", maxResults: 100 });
        return items.filter((experiment) => experiment.name === name).map((experiment) => experiment.id);
      };
      return { held, other, id, open, named, proxy };
    }

    it("somebody creates what another is about to be renamed to", async () => {
      const { held, other, id, open, named, proxy } = await heldBack();
      const before = proxy.count(`/${id}/exp.json`);
      const renaming = held.tracking.renameExperiment(id, "wanted").catch((error: unknown) => error);
      // A look for the state, one for the claim's sake, then the write.
      await proxy.seen(`/${id}/exp.json`, before + 3);
      const created = await other.tracking.createExperiment({ name: "wanted" });
      open();
      expect(await renaming).toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      expect(await named("wanted")).toEqual([created]);
      expect((await other.tracking.getExperiment(id)).name).toBe("before");
    });

    it("somebody is renamed to what another is about to create", async () => {
      const { held, other, id, open, named, proxy } = await heldBack();
      const own = experimentIdFor("wanted", 0);
      const creating = held.tracking.createExperiment({ name: "wanted" }).catch((error: unknown) => error);
      await proxy.seen(`/${own}/exp.json`);
      await other.tracking.renameExperiment(id, "wanted");
      open();
      expect(await creating).toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      expect(await named("wanted")).toEqual([id]);
      await expect(other.tracking.getExperiment(own)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    });

    it("a program has died with a name that it had claimed only", async () => {
      const prefix = newPrefix();
      const store = storeAt(server, prefix);
      const id = await store.tracking.createExperiment({ name: "before" });
      const claim = (name: string, of: string) =>
        bucket.put(
          `${prefix}/exp-names/${name}.json`,
          Buffer.from(JSON.stringify({ rev: 1, ops: ["x"], createdBy: "x", name, id: of, generation: 0 })),
        );
      await claim("renaming", id);
      await claim("creating", experimentIdFor("creating", 0));
      expect(await store.tracking.getExperimentByName("renaming")).toBeUndefined();
      expect(await store.tracking.getExperimentByName("creating")).toBeUndefined();
      expect(await store.tracking.createExperiment({ name: "renaming" })).not.toBe(id);
      expect(await store.tracking.createExperiment({ name: "creating" })).toBe(experimentIdFor("creating", 0));
      expect((await store.tracking.getExperiment(id)).name).toBe("before");
      await store.close();
    });
  });

  describe("behind a network that fails", () => {
    it(`makes nothing twice and loses nothing where answers are lost (seed ${SEED})`, async () => {
      const { proxy, store } = await spoiledStore(server);
      const registry = registryOf(store);
      await registry.createModel({ name: "digits" });
      const random = randomFrom(SEED);
      proxy.script = ({ incoming: { method } }) => (method === "PUT" && random() < 0.2 ? loseAnswer : pass);
      const versions = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          registry.createVersion({ name: "digits", source: `s3://models/${n}`, tags: { n: String(n) } }),
        ),
      );
      await Promise.all(
        versions.map(({ version }) => registry.setAlias({ name: "digits", version }, `alias-${version}`)),
      );
      expect(proxy.spoiled).toBeGreaterThan(0);
      proxy.script = () => pass;
      const { items } = await registry.searchVersions({ maxResults: 100, orderBy: ["version_number"] });
      expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      expect(new Set(items.map(({ tags }) => tags.n)).size).toBe(20);
      expect(items.map(({ version, aliases }) => aliases[0] === `alias-${version}`)).not.toContain(false);
    }, 60_000);

    it.each([
      [409, "ConditionalRequestConflict"],
      [429, "TooManyRequests"],
      [503, "SlowDown"],
      [500, "InternalError"],
    ])("goes on after a %i %s", async (status, code) => {
      const { proxy, store } = await spoiledStore(server);
      const id = await store.tracking.createExperiment({ name: "a" });
      let left = 2;
      proxy.script = (exchange) => (isConditional(exchange) && left-- > 0 ? refusal(status, code) : pass);
      await store.tracking.setExperimentTag(id, { key: "a", value: "1" });
      await expect(store.tracking.createExperiment({ name: "b" })).resolves.toMatch(/^\d+$/);
      expect((await store.tracking.getExperiment(id)).tags).toEqual({ a: "1" });
      expect(proxy.spoiled).toBe(2);
    });

    it("says which right is missing", async () => {
      const { proxy, store } = await spoiledStore(server);
      await store.tracking.createExperiment({ name: "a" });
      proxy.script = ({ path }) => (path.endsWith(`/${BUCKET}`) ? refusal(403, "AccessDenied") : pass);
      await expect(store.tracking.searchExperiments({ viewType: "all", maxResults: 1 })).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
        message: expect.stringContaining("s3:ListBucket"),
      });
    });

    it("keeps a run that begins without its storage, and what a lost answer has made twice only once", async () => {
      const prefix = newPrefix();
      const { proxy, store } = await spoiledStore(server, prefix);
      await store.tracking.createExperiment({ name: "away" });
      await proxy.refuse();
      const client = await connect(store);
      const run = await startRun({ client, experiment: "away", name: "offline", params: { lr: "0.1" } });
      for (let step = 0; step < 100; step++) run.logMetric("loss", 1 / (step + 1), { step });
      await run.logText("hello", "notes.txt");
      let lost = 0;
      proxy.script = ({ path, incoming: { method } }) =>
        method === "PUT" && /run\.json$|\/seg\//.test(path) && lost++ < 2 ? loseAnswer : pass;
      await proxy.accept();
      await run.flush();
      await run.end();
      const direct = storeAt(server, prefix);
      const experimentId = (await direct.tracking.getExperimentByName("away"))?.id as string;
      const query = { experimentIds: [experimentId], viewType: "active", maxResults: 10 } as const;
      const { items } = await direct.tracking.searchRuns(query);
      expect(items).toHaveLength(1);
      expect(items[0]).toMatchObject({ name: "offline", status: "FINISHED", params: { lr: "0.1" } });
      const [{ id, artifactUri }] = items as [(typeof items)[0]];
      const { steps } = await direct.tracking.metricHistory(id, "loss");
      expect([...steps]).toEqual(Array.from({ length: 100 }, (_, step) => step));
      expect(Buffer.from(await direct.artifacts(artifactUri).read("notes.txt")).toString()).toBe("hello");
      await direct.close();
    }, 60_000);
  });
});

describe.skipIf(leftOut("python"))("a storage that keeps no conditions", () => {
  let server: S3Server;
  beforeAll(async () => {
    // It checks no signatures, so that headers may get lost on the way.
    server = await startMotoServer();
  });
  afterAll(() => server?.kill());

  const forgetConditions: Fault = async (exchange) => {
    for (const header of ["if-none-match", "if-match"]) delete exchange.incoming.headers[header];
    await pass(exchange);
  };
  const knowNoConditions = (exchange: Exchange): Fault =>
    isConditional(exchange) ? refusal(501, "NotImplemented") : pass;

  it.each([
    ["ignores If-None-Match", () => forgetConditions],
    ["knows no writes with conditions", knowNoConditions],
  ])("and %s is refused, and nothing is left there", async (reason, script) => {
    const prefix = newPrefix();
    const { proxy, store } = await spoiledStore(server, prefix);
    proxy.script = script;
    for (let repeat = 0; repeat < 2; repeat++) {
      await expect(store.tracking.createExperiment({ name: "a" })).rejects.toMatchObject({
        code: "NOT_IMPLEMENTED",
        message: expect.stringMatching(new RegExp(`${reason}.*concurrency: "single-writer"`)),
      });
    }
    const { objects } = await new S3Opener(server.options).bucket(BUCKET).listPage({ prefix });
    expect(objects).toEqual([]);
  });

  it("ignores If-Match alone, and is refused", async () => {
    const { proxy, store } = await spoiledStore(server);
    proxy.script = () => async (exchange) => {
      delete exchange.incoming.headers["if-match"];
      await pass(exchange);
    };
    await expect(store.tracking.createRun({ experimentId: "0" })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringContaining("ignores If-Match"),
    });
  });

  describe("is a backend for one writer:", () => {
    let proxy: FaultProxy;
    const single = { concurrency: "single-writer" } as const;
    for (const [index, { name, run }] of backendContract(() =>
      storeAt(server, newPrefix(), { ...single, endpoint: proxy.address }),
    ).entries()) {
      it(name, async () => {
        proxy = await FaultProxy.start(server.options.endpoint, true);
        proxy.script = index % 2 === 0 ? knowNoConditions : () => forgetConditions;
        await run();
      });
    }
  });
});

function countOf(proxy: FaultProxy, isCounted: (exchange: Exchange) => boolean): { count: number } {
  const counter = { count: 0 };
  proxy.script = (exchange) => {
    if (isCounted(exchange)) counter.count++;
    return pass;
  };
  return counter;
}

async function headOf(bucket: S3Client, { uri }: Backend, runId: string): Promise<Uint8Array> {
  const response = await bucket.open(`${uri.slice(`s3://${BUCKET}/`.length)}/runs/run=${runId}/run.json`);
  return Buffer.from(await response.text());
}
