import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Garbage, GarbageStore } from "../../src/contract/garbage-store.ts";
import type { S3Client } from "../../src/s3/client.ts";
import { MultipartUpload } from "../../src/s3/multipart.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { unfinishedUploads } from "../../src/s3/unfinished-uploads.ts";
import { gc } from "../../src/sync/gc/gc.ts";
import type { Client } from "../../src/tracking/client.ts";
import { answer, FaultProxy, pass } from "../support/fault-proxy.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, keysBelow, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { warnings } from "../support/warnings.ts";

let made = 0;

async function readObject(bucket: S3Client, key: string): Promise<Buffer> {
  const { body } = await bucket.open(key);
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** The runs in the chunks of an index that count. */
async function indexedIds(bucket: S3Client, index: string): Promise<string[]> {
  const { chunks } = JSON.parse(String(await readObject(bucket, `${index}/manifest.json`)));
  const lines = (chunks as { id: string }[]).map(async ({ id }) =>
    gunzipSync(await readObject(bucket, `${index}/s/${id}.ndjson.gz`))
      .toString()
      .trim()
      .split("\n"),
  );
  return (await Promise.all(lines)).flat().map((line) => JSON.parse(line).id);
}

describe.skipIf(leftOut("versitygw"))("cleaning a bucket", () => {
  let server: S3Server;
  let bucket: S3Client;
  let prefix: string;
  let client: Client;
  let garbage: GarbageStore;
  beforeAll(async () => {
    server = await startVersitygwServer();
    bucket = new S3Opener(server.options).bucket(BUCKET);
  });
  afterAll(() => server?.kill());
  beforeEach(async () => {
    prefix = `gc/${made++}`;
    client = await open();
    garbage = client.backend.garbage as GarbageStore;
    await client.experiments.create({ name: "old" });
  });

  async function open() {
    const opened = await connect(storeAt(server, prefix));
    onTestFinished(() => opened.close());
    return opened;
  }

  const clean = () => gc({ store: client, olderThanMs: 0, dryRun: false });
  const keys = async (below = "") =>
    (await keysBelow(bucket, `${prefix}/${below}`)).map((key) => key.slice(prefix.length + 1));
  const everything = () => garbage.list({ deletedBefore: Date.now() + 60_000, leftBefore: Date.now() + 60_000 });
  async function newRun(experimentId = "0") {
    const { id, artifactUri } = await client.runs.create({ experimentId });
    await client.runs.logBatch({
      runId: id,
      metrics: [{ key: "loss", value: 1 }],
      params: [{ key: "lr", value: "secret" }],
    });
    await client.backend.artifacts(artifactUri).write("model/weights.bin", new Uint8Array(1_000));
    return id;
  }
  async function deletedRun(experimentId = "0") {
    const id = await newRun(experimentId);
    await client.runs.delete(id);
    return id;
  }

  it("deletes a run with its values and files; an empty head stays, which nobody sees", async () => {
    const [runId, other] = [await deletedRun(), await newRun()];
    const before = await keys(`runs/run=${other}`);
    expect(await gc({ store: client, olderThanMs: 0 })).toMatchObject({ dryRun: true, purged: [{ id: runId }] });
    expect((await keys(`runs/run=${runId}`)).length).toBeGreaterThan(2);
    expect(await clean()).toMatchObject({ purged: [{ kind: "run", id: runId }], kept: [], failed: [] });
    expect(await keys(`runs/run=${runId}`)).toEqual([`runs/run=${runId}/run.json`]);
    expect(await keys(`runs/run=${other}`)).toEqual(before);
    const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
    await expect(client.runs.get(runId)).rejects.toMatchObject(missing);
    await expect(client.runs.restore(runId)).rejects.toMatchObject(missing);
    await expect(client.runs.setTag({ runId, key: "a", value: "b" })).rejects.toMatchObject(missing);
    const seen = await (await open()).runs.search({ experimentIds: ["0"], viewType: "all" }).page();
    expect(seen.items.map(({ id }) => id)).toEqual([other]);
    expect(String(await readObject(bucket, `${prefix}/runs/run=${runId}/run.json`))).not.toContain("secret");
    expect(await everything()).toEqual([]);
  });

  it("leaves nothing of a run in the index", async () => {
    const [runId, other] = [await deletedRun(), await newRun()];
    await clean();
    expect(await indexedIds(bucket, `${prefix}/idx/runs/exp=0`)).toEqual([other]);
    expect((await keys("idx/runs/exp=0/dirty/")).filter((key) => key.includes(runId))).toEqual([]);
  });

  it("deletes an experiment with runs and models, and its name is free", async () => {
    const experimentId = (await client.experiments.getByName("old"))?.id as string;
    const runId = await newRun(experimentId);
    const model = await client.loggedModels.create({ experimentId, sourceRunId: runId });
    await client.backend.artifacts(model.artifactLocation).write("MLmodel", Buffer.from("{}"));
    await client.experiments.delete(experimentId);
    const { purged } = await clean();
    expect(purged.map(({ kind, id }) => [kind, id])).toEqual([
      ["run", runId],
      ["logged-model", model.id],
      ["experiment", experimentId],
    ]);
    expect(await keys("exps/")).toEqual(["exps/0/exp.json", `exps/${experimentId}/exp.json`]);
    expect(await keys(`logged-models/`)).toEqual([`logged-models/model=${model.id}/model.json`]);
    expect(await keys(`idx/runs/exp=${experimentId}`)).toEqual([]);
    await expect(client.experiments.restore(experimentId)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    const again = await client.experiments.create({ name: "old" });
    expect(again).not.toBe(experimentId);
    expect(await clean()).toMatchObject({ purged: [], kept: [] });
  });

  it("deletes the files of a logged model that was deleted, and keeps what is referred to", async () => {
    const [source, runId] = [await deletedRun(), await newRun()];
    const gone = await client.loggedModels.create({ experimentId: "0", sourceRunId: source });
    const used = await client.loggedModels.create({ experimentId: "0" });
    for (const { artifactLocation } of [gone, used])
      await client.backend.artifacts(artifactLocation).write("MLmodel", Buffer.from("{}"));
    await client.runs.logInputs({ runId, models: [{ modelId: used.id }] });
    for (const { id } of [gone, used]) await client.loggedModels.delete(id);
    const { purged, kept } = await clean();
    expect(purged.map(({ id }) => id).sort()).toEqual([gone.id, source].sort());
    expect(kept).toMatchObject([{ id: used.id, reason: expect.stringContaining(`run ${runId} (`) }]);
    expect(await keys(`logged-models/model=${used.id}/artifacts`)).toHaveLength(1);
  });

  it("lets whoever restores a run or its experiment in between win", async () => {
    const runId = await deletedRun();
    const experimentId = (await client.experiments.getByName("old"))?.id as string;
    const other = await newRun(experimentId);
    await client.experiments.delete(experimentId);
    const listed = await everything();
    await client.runs.restore(runId);
    await client.experiments.restore(experimentId);
    for (const item of listed) expect(await garbage.purge(item)).toBe(false);
    for (const id of [runId, other])
      expect(await client.runs.get(id)).toMatchObject({ lifecycleStage: "active", params: { lr: "secret" } });
  });

  it("is harmless when it restores and deletes at once", async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => deletedRun()));
    const other = await open();
    const restores = ids.map((id) =>
      other.runs.restore(id).then(
        () => id,
        () => undefined,
      ),
    );
    const [{ purged }, ...restored] = await Promise.all([clean(), ...restores]);
    const [gone, back] = [purged.map(({ id }) => id), restored.filter((id) => id !== undefined)];
    expect([...gone, ...back].sort()).toEqual([...ids].sort());
    for (const id of back)
      expect(await other.runs.get(id)).toMatchObject({ metrics: { loss: 1 }, lifecycleStage: "active" });
  });

  it("finishes what was interrupted, and removes what has no head", async () => {
    const runId = await deletedRun();
    const orphan = "0123456789abcdef0123456789abcdef";
    await bucket.put(`${prefix}/runs/run=${orphan}/artifacts/a.txt`, Buffer.from("a"));
    await clean();
    // As when the process died after the head was written.
    await bucket.put(`${prefix}/runs/run=${runId}/artifacts/model/weights.bin`, Buffer.from("w"));
    expect((await clean()).purged).toEqual([]);
    const left = await everything();
    expect(left.map(({ kind, id }) => [kind, id]).sort()).toEqual(
      [runId, orphan].map((id) => ["orphan", `runs/run=${id}`]).sort(),
    );
    for (const item of left) expect(await garbage.purge({ ...item, since: item.since - 60_000 })).toBe(false);
    for (const item of left) expect(await garbage.purge(item)).toBe(true);
    expect(await keys("runs/")).toEqual([`runs/run=${runId}/run.json`]);
  });

  it("aborts uploads that nobody completed, below its own prefix only", async () => {
    const begin = (key: string) => MultipartUpload.create(bucket.exchange, key, {}, undefined);
    await begin(`${prefix}/runs/run=x/artifacts/big.bin`);
    await begin(`${prefix}x/big.bin`);
    const uploads = (await everything()).filter(({ kind }) => kind === "upload");
    expect(uploads).toMatchObject([{ id: "runs/run=x/artifacts/big.bin", token: expect.any(String) }]);
    expect((await clean()).purged).toEqual([]);
    const [upload] = uploads as [Garbage];
    expect(await garbage.purge(upload)).toBe(true);
    expect(await garbage.purge(upload)).toBe(true);
    const left: string[] = [];
    for await (const { key } of unfinishedUploads(bucket.exchange, "gc/")) left.push(key);
    expect(left).toEqual([`${prefix}x/big.bin`]);
  });

  it("clears away all else where it may not list uploads", async () => {
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    const denied = "<Error><Code>AccessDenied</Code><Message>not you</Message></Error>";
    proxy.script = ({ incoming }) => (/[?&]uploads/.test(incoming.url ?? "") ? answer(403, denied, {}) : pass);
    const runId = await deletedRun();
    await MultipartUpload.create(bucket.exchange, `${prefix}/runs/run=x/artifacts/big.bin`, {}, undefined);
    const said = warnings();
    const limited = await connect(storeAt(server, prefix, { endpoint: proxy.address }));
    onTestFinished(() => limited.close());
    const { purged, failed } = await gc({ store: limited, olderThanMs: 0, dryRun: false });
    expect([purged.map(({ id }) => id), failed]).toEqual([[runId], []]);
    expect(said.join("\n")).toMatch(/uploads that nobody has completed are not looked for: .*AccessDenied|not you/);
  });

  it("never leaves the store, whatever a head says", async () => {
    await bucket.put("elsewhere/precious.txt", Buffer.from("precious"));
    const [runId, other] = [await deletedRun(), await newRun()];
    const key = `${prefix}/runs/run=${runId}/run.json`;
    const point = async (artifactUri: string) => {
      const head = JSON.parse(String(await readObject(bucket, key)));
      await bucket.put(key, Buffer.from(JSON.stringify({ ...head, artifactUri })));
    };
    for (const uri of [
      `s3://${BUCKET}/elsewhere/${runId}/artifacts`,
      `s3://${BUCKET}/${prefix}/runs/run=${other}/artifacts`,
      `s3://${BUCKET}/${prefix}/x/../../elsewhere/${runId}/artifacts`,
      `s3://${BUCKET}/${prefix}`,
      `s3://${BUCKET}`,
    ]) {
      await point(uri);
      const fresh = (await open()).backend.garbage as GarbageStore;
      expect(await fresh.list({ deletedBefore: Date.now() + 1, leftBefore: 0 }), uri).toMatchObject([
        { id: runId, artifactsElsewhere: uri },
      ]);
    }
    await clean();
    expect(await client.runs.get(other)).toMatchObject({ metrics: { loss: 1 } });
    expect(await keys(`runs/run=${other}/artifacts`)).toHaveLength(1);
    expect(await keysBelow(bucket, "elsewhere/")).toHaveLength(1);
  });
});
