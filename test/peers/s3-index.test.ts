import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/contract/backend.ts";
import type { RunQuery } from "../../src/contract/tracking-store.ts";
import type { S3Client } from "../../src/s3/client.ts";
import type { ListedObject } from "../../src/s3/list-page.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { Background } from "../../src/s3/store/background.ts";
import { cutIntoChunks } from "../../src/s3/store/chunk/cut-rows.ts";
import { readSideBytes } from "../../src/s3/store/chunk/side-bytes.ts";
import { chunkBytes } from "../../src/s3/store/chunk/write-chunk.ts";
import { EntityIndex } from "../../src/s3/store/entity-index.ts";
import { Heads } from "../../src/s3/store/heads.ts";
import { runIndex, runKey } from "../../src/s3/store/layout.ts";
import { RUN_COLUMNS } from "../../src/s3/store/run-columns.ts";
import { type RunHead, runHeadSchema } from "../../src/s3/store/run-head.ts";
import { StoreClient } from "../../src/s3/store/store-client.ts";
import { StoreObjects } from "../../src/s3/store/store-objects.ts";
import { WritePacer } from "../../src/s3/store/write-pacer.ts";
import { FaultProxy, pass } from "../support/fault-proxy.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { BUCKET, keysBelow, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";

const EVERYTHING = { viewType: "all", maxResults: 50_000 } as const;
describe.skipIf(leftOut("versitygw"))("lists of a store", () => {
  let server: S3Server;
  let bucket: S3Client;
  beforeAll(async () => {
    server = await startVersitygwServer();
    bucket = new S3Opener(server.options).bucket(BUCKET);
  });
  afterAll(() => server?.kill());

  const indexAt = (prefix: string, client = bucket, Objects = StoreObjects): EntityIndex<RunHead> => {
    const objects = new Objects(new StoreClient(client.exchange), prefix);
    const heads = new Heads(objects, new WritePacer(0), async () => {});
    const of = { schema: runHeadSchema, keyOf: runKey, isGone: () => false, columns: RUN_COLUMNS };
    return new EntityIndex(heads, runIndex("0"), of, new Background());
  };
  const idsIn = async ({ tracking }: Backend, query: Partial<RunQuery> = {}) =>
    (await tracking.searchRuns({ ...EVERYTHING, experimentIds: ["0"], ...query })).items.map(({ id }) => id).sort();

  it("take up what many programs have changed, and stay as they are", async () => {
    const prefix = "index/changing";
    const programs = Array.from({ length: 3 }, () => storeAt(server, prefix));
    const ids: string[] = [];
    for (let round = 0; round < 20; round++) {
      const made = await Promise.all(programs.map(({ tracking }) => tracking.createRun({ experimentId: "0" })));
      ids.push(...made.map(({ id }) => id));
      const [first] = programs as [Backend];
      await first.tracking.updateRun({ runId: ids[round] as string, status: "FINISHED", endTime: round + 1 });
      if (round % 5 === 0) expect(await idsIn(programs[round % 3] as Backend)).toEqual([...ids].sort());
    }
    for (const { close } of programs) await close();
    const fresh = storeAt(server, prefix);
    expect(await idsIn(fresh)).toEqual([...ids].sort());
    expect(await idsIn(fresh, { filter: "status = 'FINISHED'" })).toEqual(ids.slice(0, 20).sort());
    const index = `${prefix}/idx/runs/exp=0`;
    expect(await keysBelow(bucket, `${index}/manifest.json`)).toHaveLength(1);
    expect((await keysBelow(bucket, `${index}/dirty/`)).length).toBeLessThan(50);
    // Two in one process would share what they remember.
    await fresh.close();
  });

  it("never miss a change that was acknowledged, while others tidy up all the time", async () => {
    const prefix = "index/stale";
    const random = randomFrom(SEED);
    // Much happens between two requests of those who are slow.
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    proxy.script = () => async (exchange) => {
      await sleep(random() * 100);
      await pass(exchange);
    };
    const writer = storeAt(server, prefix);
    const slowWriter = storeAt(server, prefix, { endpoint: proxy.address });
    const runs = await Promise.all(Array.from({ length: 10 }, () => writer.tracking.createRun({ experimentId: "0" })));
    const acknowledged = new Map(runs.map(({ id }) => [id, 0]));
    let isOver = false;
    const write = async ({ tracking }: Backend, own: readonly string[], times: number) => {
      for (let n = 1; n <= times; n++) {
        for (const id of own) {
          await tracking.updateRun({ runId: id, endTime: n });
          acknowledged.set(id, n);
        }
      }
    };
    const slow = new S3Opener({ ...server.options, endpoint: proxy.address }).bucket(BUCKET);
    const readers = Array.from({ length: 6 }, () => indexAt(prefix, slow));
    const watch = async (index: EntityIndex<RunHead>) => {
      for (let reads = 0; ; reads++) {
        if (isOver) return reads;
        const before = new Map(acknowledged);
        const heads = await index.all();
        expect(heads).toHaveLength(runs.length);
        for (const { id, endTime = 0 } of heads) expect(endTime).toBeGreaterThanOrEqual(before.get(id) as number);
      }
    };
    const tidy = async (index: EntityIndex<RunHead>) => {
      while (!isOver) await index.compact();
    };
    const ids = runs.map(({ id }) => id);
    const writing = Promise.all([write(writer, ids.slice(0, 5), 40), write(slowWriter, ids.slice(5), 8)]);
    const [reads] = await Promise.all([
      Promise.all(readers.map(watch)),
      Promise.all([tidy(indexAt(prefix)), tidy(indexAt(prefix))]),
      writing.finally(() => {
        isOver = true;
      }),
    ]);
    expect(Math.min(...reads)).toBeGreaterThan(0);
    const last = indexAt(prefix);
    await last.compact();
    expect(await keysBelow(bucket, `${prefix}/idx/runs/exp=0/dirty/`)).toEqual([]);
    const ends = new Map((await last.all()).map(({ id, endTime }) => [id, endTime]));
    expect(ids.map((id) => ends.get(id))).toEqual([40, 40, 40, 40, 40, 8, 8, 8, 8, 8]);
    for (const backend of [writer, slowWriter]) await backend.close();
  });

  it("of 10,000 runs take 12 requests, and one more for each that has changed since", async () => {
    const prefix = "index/large";
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    const writer = storeAt(server, prefix);
    const changed = await Promise.all(
      Array.from({ length: 5 }, (_, n) => writer.tracking.createRun({ experimentId: "0", name: `new ${n}` })),
    );
    for (const { id } of changed)
      await writer.tracking.updateRun({ runId: id, status: "FINISHED", endTime: Date.now() });
    await writer.close();
    await putIndex(bucket, `${prefix}/idx/runs/exp=0`, 9_995);
    const reader = storeAt(server, prefix, { endpoint: proxy.address });
    const query = { experimentIds: ["0"], viewType: "active", maxResults: 50 } as const;
    const { items } = await reader.tracking.searchRuns({
      ...query,
      filter: "metrics.loss < 0.5",
      orderBy: ["metrics.loss"],
    });
    expect(items).toHaveLength(50);
    expect(items[0]?.metrics.loss).toBe(0);
    expect(proxy.paths.length).toBeLessThanOrEqual(12 + changed.length);
    const { items: newest } = await reader.tracking.searchRuns({ ...query, filter: "run_name LIKE 'new%'" });
    expect(newest.map(({ name }) => name).sort()).toEqual(changed.map(({ name }) => name));
    expect(await idsIn(reader)).toHaveLength(10_000);
    await reader.close();
  });

  it("of earlier versions are read beside those with columns, and get columns when a run in them changes", async () => {
    const prefix = "index/earlier";
    const store = storeAt(server, prefix);
    const { id: own } = await store.tracking.createRun({ experimentId: "0", name: "own" });
    await store.tracking.updateRun({ runId: own, status: "FINISHED", endTime: 1 });
    const heads = headsOf(6);
    const directory = `${prefix}/idx/runs/exp=0`;
    const [earlier, newer] = [heads.slice(0, 3), heads.slice(3)];
    await bucket.put(`${directory}/s/earlier.ndjson.gz`, await chunkBytes(earlier, new Map()));
    await bucket.put(`${directory}/s/newer.ndjson.gz`, await chunkBytes(newer, RUN_COLUMNS));
    await putManifest(bucket, directory, [
      { id: "earlier", rows: 3 },
      { id: "newer", rows: 3 },
    ]);
    const [changed] = heads as [RunHead];
    await bucket.put(`${prefix}/runs/run=${changed.id}/run.json`, Buffer.from(JSON.stringify(changed)));
    const search = async () =>
      (
        await store.tracking.searchRuns({
          ...EVERYTHING,
          experimentIds: ["0"],
          filter: "metrics.loss >= 0 AND params.`param 1` != '1'",
          orderBy: ["metrics.loss DESC"],
        })
      ).items.map(({ name }) => name);
    const wanted = [0, 2, 3, 4, 5].map((n) => heads[n] as RunHead).sort((a, b) => lossOf(b) - lossOf(a));
    expect(await search()).toEqual(wanted.map(({ name }) => name));
    await store.tracking.updateRun({ runId: changed.id, name: "changed" });
    const renamed = wanted.map((head) => (head === changed ? "changed" : head.name));
    expect(await search()).toEqual(renamed);
    await indexAt(prefix).compact();
    expect(await search()).toEqual(renamed);
    const { chunks } = JSON.parse(await (await bucket.open(`${directory}/manifest.json`)).text()) as {
      chunks: { id: string; rows: number }[];
    };
    expect(chunks.map(({ id }) => id)).not.toContain("earlier");
    expect(chunks.reduce((sum, { rows }) => sum + rows, 0)).toBe(7);
    for (const { id } of chunks) {
      const bytes = await new StoreObjects(new StoreClient(bucket.exchange), directory).get(`s/${id}.ndjson.gz`, 1e6);
      expect(readSideBytes(bytes?.bytes as Buffer).side.length).toBeGreaterThan(0);
    }
    await store.close();
  });

  it("go on where a writer has died between its marker and its head", async () => {
    const prefix = "index/marker";
    const store = storeAt(server, prefix);
    const { id } = await store.tracking.createRun({ experimentId: "0" });
    const dirty = `${prefix}/idx/runs/exp=0/dirty`;
    await bucket.put(`${dirty}/${"f".repeat(32)}.1.dead`, new Uint8Array());
    await bucket.put(`${dirty}/${id}.2.dead`, new Uint8Array());
    await bucket.put(`${dirty}/what is this`, new Uint8Array());
    expect(await idsIn(store)).toEqual([id]);
    await store.tracking.updateRun({ runId: id, name: "alive" });
    expect((await store.tracking.searchRuns({ ...EVERYTHING, experimentIds: ["0"] })).items[0]?.name).toBe("alive");
    await store.close();
  });

  it("are rid of what writers have left that died long ago", async () => {
    const prefix = "index/dead";
    const store = storeAt(server, prefix);
    const { id } = await store.tracking.createRun({ experimentId: "0" });
    const directory = `${prefix}/idx/runs/exp=0`;
    const never = "f".repeat(32);
    await bucket.put(`${directory}/dirty/${never}.1.dead`, new Uint8Array());
    await bucket.put(`${directory}/dirty/${id}.2.dead`, new Uint8Array());
    await bucket.put(`${directory}/s/dead.ndjson.gz`, await chunkBytes([], RUN_COLUMNS));
    const index = indexAt(prefix, bucket, AgedObjects);
    await index.compact();
    // The head has taken the revision that its writer had announced, which cannot write it any more.
    expect((await index.all()).map((head) => [head.id, head.rev])).toEqual([[id, 2]]);
    expect(await keysBelow(bucket, `${directory}/dirty/`)).toEqual([`${directory}/dirty/${id}.2.dead`]);
    await index.compact();
    expect(await keysBelow(bucket, `${directory}/dirty/`)).toEqual([]);
    expect(await keysBelow(bucket, `${directory}/s/`)).not.toContain(`${directory}/s/dead.ndjson.gz`);
    expect(await idsIn(store)).toEqual([id]);
    await store.close();
  });

  it("say which file is damaged", async () => {
    const prefix = "index/damaged";
    const store = storeAt(server, prefix);
    const { id } = await store.tracking.createRun({ experimentId: "0" });
    await bucket.put(`${prefix}/runs/run=${id}/run.json`, Buffer.from('{"rev":1}'));
    const damaged = { code: "DATA_DAMAGED", message: expect.stringContaining(`run=${id}/run.json`) };
    await expect(store.tracking.getRun(id)).rejects.toMatchObject(damaged);
    await expect(idsIn(store)).rejects.toMatchObject(damaged);
    await store.close();
  });
});

const DAY_MS = 86_400_000;

/** A list in which what is called dead is two days older. */
class AgedObjects extends StoreObjects {
  override async list(directory: string, startAfter?: string): Promise<ListedObject[]> {
    const listed = await super.list(directory, startAfter);
    const aged = ({ lastModified }: ListedObject) => new Date(lastModified.getTime() - 2 * DAY_MS);
    return listed.map((object) =>
      /\.dead$|\/dead\.ndjson/.test(object.key) ? { ...object, lastModified: aged(object) } : object,
    );
  }
}

const lossOf = ({ latestMetrics }: RunHead) => latestMetrics?.[0]?.value as number;

function headsOf(count: number): RunHead[] {
  return Array.from({ length: count }, (_, n): RunHead => {
    const id = n.toString(16).padStart(32, "0");
    return {
      rev: 3,
      ops: ["a", "b", "c"],
      createdBy: "a",
      id,
      experimentId: "0",
      name: `run ${n}`,
      userId: "ann",
      status: "FINISHED",
      startTime: 1_700_000_000_000 + n,
      endTime: 1_700_000_100_000 + n,
      params: Object.fromEntries(Array.from({ length: 12 }, (_, p) => [`param ${p}`, String(n * p)])),
      tags: { "mlflow.runName": `run ${n}`, "mlflow.user": "ann", "mlflow.source.name": "train.ts" },
      inputs: [],
      modelInputs: [],
      modelOutputs: [],
      latestMetrics: [{ key: "loss", value: ((n * 7_919) % 1_000) / 1_000, step: 100, timestamp: 1_700_000_000_000 }],
    };
  });
}

/** An index as other programs would have left it. */
async function putIndex(bucket: S3Client, directory: string, count: number): Promise<void> {
  const chunks: { id: string; rows: number }[] = [];
  for (const [n, rows] of cutIntoChunks(headsOf(count)).entries()) {
    await bucket.put(`${directory}/s/chunk${n}.ndjson.gz`, await chunkBytes(rows, RUN_COLUMNS));
    chunks.push({ id: `chunk${n}`, rows: rows.length });
  }
  await putManifest(bucket, directory, chunks);
}

async function putManifest(bucket: S3Client, directory: string, chunks: readonly { id: string; rows: number }[]) {
  const manifest = { rev: 1, ops: ["a"], createdBy: "a", chunks };
  await bucket.put(`${directory}/manifest.json`, Buffer.from(JSON.stringify(manifest)));
}
