import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../../../src/connect/connect.ts";
import { gc } from "../../../../src/sync/gc/gc.ts";
import type { GcOptions } from "../../../../src/sync/gc/gc-options.ts";
import type { Client } from "../../../../src/tracking/client.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";

const DAY_MS = 24 * 3_600_000;

/** Does something as many days ago. */
async function daysAgo<T>(days: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - days * DAY_MS });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

const isThere = async (asked: Promise<unknown>) =>
  await asked.then(
    () => true,
    () => false,
  );

describe.each(["memory", "a directory"])("cleaning %s", (kind) => {
  let client: Client;
  let experimentId: string;
  beforeEach(async () => {
    client = await connect(kind === "memory" ? "memory:" : temporaryDirectory());
    onTestFinished(() => client.close());
    experimentId = await client.experiments.create({ name: "old" });
  });

  const clean = (options: Partial<GcOptions> = {}) => gc({ store: client, dryRun: false, ...options });
  const newRun = async (tags: Record<string, string> = {}) => {
    const { id, artifactUri } = await client.runs.create({ experimentId, tags });
    await client.runs.logBatch({
      runId: id,
      metrics: [{ key: "loss", value: 1 }],
      params: [{ key: "lr", value: "1" }],
    });
    await client.backend.artifacts(artifactUri).write("model/weights.bin", new Uint8Array(1_000));
    return id;
  };
  const deletedRun = (days: number, tags: Record<string, string> = {}) =>
    daysAgo(days, async () => {
      const id = await newRun(tags);
      await client.runs.delete(id);
      return id;
    });
  const hasRun = (id: string) => isThere(client.runs.get(id));
  const keptIds = async (options: Partial<GcOptions> = {}) =>
    (await clean(options)).kept.map(({ id, reason }) => [id, reason]);

  it("deletes for good what was deleted long enough ago, with its files", async () => {
    const old = await deletedRun(31);
    const young = await deletedRun(29);
    const active = await newRun();
    const { artifactUri } = await client.runs.get(old);
    const seen: string[] = [];
    const result = await clean({ onPurged: ({ id }) => seen.push(id) });
    expect(result).toMatchObject({
      dryRun: false,
      purged: [{ kind: "run", id: old, experimentId }],
      kept: [],
      failed: [],
    });
    expect(seen).toEqual([old]);
    expect(await Promise.all([old, young, active].map(hasRun))).toEqual([false, true, true]);
    expect(await client.backend.artifacts(artifactUri).list()).toEqual([]);
    await expect(client.runs.restore(old)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect((await clean()).purged).toEqual([]);
  });

  it("is a dry run unless told otherwise, which changes nothing", async () => {
    const old = await deletedRun(31);
    const before = await client.runs.get(old);
    const result = await gc({ store: client });
    expect(result).toMatchObject({ dryRun: true, purged: [{ id: old }] });
    expect(await client.runs.get(old)).toEqual(before);
    const { artifactUri } = before;
    expect(await client.backend.artifacts(artifactUri).list()).toHaveLength(1);
  });

  it("deletes experiments with their runs and models, and their names are free again", async () => {
    const [runId, modelId] = await daysAgo(40, async () => {
      const runId = await newRun();
      const model = await client.loggedModels.create({ experimentId, sourceRunId: runId });
      await client.experiments.delete(experimentId);
      return [runId, model.id];
    });
    const { purged } = await clean();
    expect(purged.map(({ kind, id }) => [kind, id])).toEqual([
      ["run", runId],
      ["logged-model", modelId],
      ["experiment", experimentId],
    ]);
    expect(await isThere(client.experiments.get(experimentId))).toBe(false);
    expect(await hasRun(runId)).toBe(false);
    const again = await client.experiments.create({ name: "old" });
    expect((await client.experiments.get(again)).lifecycleStage).toBe("active");
  });

  it("leaves a restored experiment and a restored run alone", async () => {
    const runId = await deletedRun(31);
    const other = await deletedRun(31);
    await client.runs.restore(runId);
    await daysAgo(40, () => client.experiments.delete(experimentId));
    await client.experiments.restore(experimentId);
    expect((await clean()).purged).toEqual([]);
    expect(await Promise.all([runId, other].map(hasRun))).toEqual([true, true]);
  });

  it("what is restored between list and deletion stays", async () => {
    const runId = await deletedRun(31);
    const { garbage } = client.backend;
    const [listed] = (await garbage?.list({ deletedBefore: Date.now(), leftBefore: 0 })) ?? [];
    await client.runs.restore(runId);
    expect(await garbage?.purge(listed as never)).toBe(false);
    await client.runs.delete(runId);
    // Deleted anew, it is not what was listed.
    expect(await garbage?.purge(listed as never)).toBe(false);
    expect(await hasRun(runId)).toBe(true);
  });

  describe("keeps what is referred to, and says by whom", () => {
    it("by a version's run, or by the place of its files", async () => {
      const [byRun, bySource, byUri] = [await deletedRun(31), await deletedRun(31), await deletedRun(31)];
      await client.registry.createModel({ name: "digits" });
      const version = (source: string, runId?: string) =>
        client.registry.createVersion({ name: "digits", source, ...(runId === undefined ? {} : { runId }) });
      await version("s3://elsewhere/model", byRun);
      await version(`runs:/${bySource}/model`);
      const { artifactUri } = await client.runs.get(byUri);
      await version(`${artifactUri}/model`);
      expect((await keptIds()).sort()).toEqual(
        [
          [byRun, 'version 1 of model "digits" refers to it'],
          [bySource, 'version 2 of model "digits" refers to it'],
          [byUri, 'version 3 of model "digits" refers to it'],
        ].sort(),
      );
      await client.registry.deleteModel("digits");
      expect((await clean()).purged).toHaveLength(3);
    });

    it("by a version in another registry", async () => {
      const runId = await deletedRun(31);
      const registry = await connect("memory:");
      await registry.registry.createModel({ name: "far" });
      const { artifactUri } = await client.runs.get(runId);
      await registry.registry.createVersion({ name: "far", source: `${artifactUri}/model` });
      expect(await keptIds({ registries: [registry] })).toEqual([[runId, 'version 1 of model "far" refers to it']]);
      expect((await clean()).purged).toHaveLength(1);
    });

    it("by the parts of a run, by runs that used its files, and by its models", async () => {
      const [parent, dataset, source, free] = [
        await deletedRun(31),
        await deletedRun(31),
        await deletedRun(31),
        await deletedRun(31),
      ];
      const child = await newRun({ "mlflow.parentRunId": parent });
      const user = await newRun();
      const { artifactUri } = await client.runs.get(dataset);
      const uri = JSON.stringify({ uri: `${artifactUri}/data.csv` });
      await client.runs.logInputs({
        runId: user,
        datasets: [{ dataset: { name: "d", digest: "1", sourceType: "local", source: uri }, tags: {} }],
      });
      const model = await client.loggedModels.create({ experimentId, sourceRunId: source });
      const { kept, purged } = await clean();
      expect(new Map(kept.map(({ id, reason }) => [id, reason]))).toEqual(
        new Map([
          [parent, expect.stringContaining(`run ${child} (`)],
          [dataset, expect.stringContaining(`run ${user} (`)],
          [source, `logged model ${model.id} refers to it`],
        ]),
      );
      expect(purged.map(({ id }) => id)).toEqual([free]);
    });

    it("also by what is kept itself, and goes with what is not", async () => {
      const grandparent = await deletedRun(31);
      const parent = await deletedRun(31, { "mlflow.parentRunId": grandparent });
      const lonelyParent = await deletedRun(31);
      const lonely = await deletedRun(31, { "mlflow.parentRunId": lonelyParent });
      await newRun({ "mlflow.parentRunId": parent });
      const { kept, purged } = await clean();
      expect(kept.map(({ id }) => id).sort()).toEqual([grandparent, parent].sort());
      expect(purged.map(({ id }) => id).sort()).toEqual([lonely, lonelyParent].sort());
    });

    it("with the experiment it is in", async () => {
      const [runId, other] = [await deletedRun(50), await deletedRun(50)];
      await client.registry.createModel({ name: "digits" });
      await client.registry.createVersion({ name: "digits", source: `runs:/${runId}/model` });
      await daysAgo(40, () => client.experiments.delete(experimentId));
      const { kept, purged } = await clean();
      expect(kept.map(({ id, reason }) => [id, reason])).toEqual([
        [runId, 'version 1 of model "digits" refers to it'],
        [experimentId, `run ${runId} is in it`],
      ]);
      expect(purged.map(({ id }) => id)).toEqual([other]);
      await client.experiments.restore(experimentId);
      expect(await hasRun(runId)).toBe(true);
    });
  });

  it("wrong options are refused by name, and what is no store", async () => {
    await expect(gc({ store: client, olderThanMs: -1 })).rejects.toThrow("options.olderThanMs");
    await expect(gc({ store: client, yes: true } as never)).rejects.toThrow('unknown option "yes"');
    await expect(gc({ store: {} as never })).rejects.toThrow("options.store: is no URI, client or backend");
    const { garbage: _garbage, ...without } = client.backend;
    await expect(gc({ store: without })).rejects.toMatchObject({ code: "NOT_IMPLEMENTED" });
  });

  it("stops when it is cancelled, and goes on the next time", async () => {
    for (let i = 0; i < 3; i++) await deletedRun(31);
    const stop = new AbortController();
    const cancelled = clean({ signal: stop.signal, onPurged: () => stop.abort() });
    await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await clean()).purged).toHaveLength(2);
  });

  it("tells what could not be deleted, and deletes the rest", async () => {
    const [first, second] = [await deletedRun(31), await deletedRun(31)];
    const { garbage } = client.backend;
    const spoiled = {
      ...client.backend,
      garbage: {
        list: (age: never) => garbage?.list(age),
        purge: async (item: { id: string }) => {
          if (item.id === first) throw new Error("the disk is broken");
          return await garbage?.purge(item as never);
        },
      },
    };
    const { failed, purged } = await clean({ store: spoiled as never });
    expect(failed).toMatchObject([{ id: first, error: { code: "STORAGE_ERROR", message: "the disk is broken" } }]);
    expect(purged.map(({ id }) => id)).toEqual([second]);
  });
});
