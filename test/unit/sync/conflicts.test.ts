import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { sync } from "../../../src/sync/index.ts";
import type { Client } from "../../../src/tracking/client.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { contentOf, fillStore } from "../../support/synced-stores.ts";

const memory = () => connect(memoryBackend());

/** A run that has ended, in both stores. */
async function copied(): Promise<{ from: Client; to: Client; runId: string; experimentId: string }> {
  const [from, to] = [await memory(), await memory()];
  const experimentId = await from.experiments.create({ name: "digits", tags: { team: "a" } });
  const { id: runId } = await from.runs.create({ experimentId, name: "first", tags: { note: "old" } });
  await from.runs.logBatch({
    runId,
    params: [{ key: "lr", value: "0.1" }],
    metrics: [0, 1, 2].map((step) => ({ key: "loss", value: step / 2, step, timestamp: step })),
  });
  await from.artifacts.upload({ runId, localPath: writtenFile("weights.bin", "old") });
  await from.runs.update({ runId, status: "FINISHED", endTime: 1_700_000_000_000 });
  await from.registry.createModel({ name: "digits", description: "d" });
  await from.registry.createVersion({ name: "digits", source: `runs:/${runId}/model`, runId });
  await sync({ from, to });
  return { from, to, runId, experimentId };
}

function writtenFile(name: string, text: string): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

describe("sync", () => {
  it("lists what both have otherwise, and writes it only where that is asked for and possible", async () => {
    const { from, to, runId, experimentId } = await copied();
    await to.runs.setTag({ runId, key: "note", value: "theirs" });
    await to.experiments.setTag({ experimentId, key: "team", value: "b" });
    await to.runs.logBatch({
      runId,
      metrics: [{ key: "loss", value: 9, step: 1, timestamp: 9 }],
      params: [{ key: "own", value: "1" }],
    });
    await to.artifacts.upload({ runId, localPath: writtenFile("weights.bin", "new") });
    await to.registry.updateModel({ name: "digits", description: "theirs" });
    const before = await contentOf(to);
    const where = `run ${runId}`;
    const expected = [
      { where: "experiment digits", what: "tags.team", source: "a", target: "b", isOverwritten: false },
      { where, what: "tags.note", source: "old", target: "theirs", isOverwritten: false },
      { where, what: "metrics.loss at step 1", source: "", target: "9", isOverwritten: false },
      { where, what: "artifacts/weights.bin", isOverwritten: false },
      { where: "registered model digits", what: "description", source: "d", target: "theirs" },
    ];
    const listed = await sync({ from, to });
    expect(listed).toMatchObject({ conflicts: expected, failures: [], isEqual: false });
    expect(await contentOf(to)).toEqual(before);
    expect(Object.values(listed.copied).every((count) => count === 0)).toBe(true);

    const wouldBe = await sync({ from, to, overwrite: true, dryRun: true });
    expect(await contentOf(to)).toEqual(before);
    const overwritten = await sync({ from, to, overwrite: true });
    expect(overwritten.copied).toEqual(wouldBe.copied);
    expect(overwritten.conflicts.map(({ isOverwritten }) => isOverwritten)).toEqual([true, true, false, true, true]);
    expect((await to.runs.get(runId)).tags.note).toBe("old");
    expect((await to.registry.getModel("digits")).description).toBe("d");
    // Values are never taken away, and what only the target has stays.
    expect((await sync({ from, to })).conflicts.map(({ what }) => what)).toEqual(["metrics.loss at step 1"]);
    expect((await to.runs.get(runId)).params.own).toBe("1");
  });

  it("follows a source that went on: a run that ended later, a deletion; and not what was only done at the target", async () => {
    const { from, to, runId } = await copied();
    await from.runs.setTag({ runId, key: "note", value: "new" });
    await from.runs.logBatch({ runId, metrics: [{ key: "loss", value: 3, step: 0, timestamp: 5 }] });
    await from.runs.update({ runId, status: "FAILED", endTime: 1_700_000_000_001 });
    expect(await sync({ from, to })).toMatchObject({
      conflicts: [],
      copied: { runs: 0, tags: 1, values: 1, changes: 2 },
    });
    expect(await contentOf(to)).toEqual(await contentOf(from));
    await from.runs.delete(runId);
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], copied: { changes: 1 } });
    expect(await sync({ from, to })).toMatchObject({ isEqual: true });
    await from.runs.restore(runId);
    const what = "lifecycleStage";
    expect((await sync({ from, to })).conflicts).toMatchObject([{ what, source: "active", target: "deleted" }]);
    await sync({ from, to, overwrite: true });
    expect(await contentOf(to)).toEqual(await contentOf(from));
  });

  it("takes the runs, experiments and models that are wanted", async () => {
    const from = await memory();
    await fillStore(from);
    const content = async (options: object) => {
      const to = await memory();
      const report = await sync({ from, to, ...options });
      expect(report).toMatchObject({ conflicts: [], failures: [] });
      return report.copied;
    };
    expect(await content({ filter: "params.lr = '0.1'" })).toMatchObject({
      runs: 1,
      loggedModels: 1,
      files: 3,
      versions: 2,
    });
    expect(await content({ filter: "params.lr = '0.2'" })).toMatchObject({
      runs: 0,
      loggedModels: 0,
      registeredModels: 0,
    });
    expect(await content({ experiments: ["gone"] })).toMatchObject({ experiments: 1, runs: 1, registeredModels: 0 });
    expect(await content({ models: false, artifacts: false })).toMatchObject({
      runs: 4,
      files: 0,
      registeredModels: 0,
    });
    const missing = sync({ from, to: await memory(), experiments: ["digit"] });
    await expect(missing).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  });

  it("says in a dry run what it would do, and does nothing", async () => {
    const [from, to] = [await memory(), await memory()];
    await fillStore(from);
    const before = await contentOf(to);
    const { copied: wouldCopy } = await sync({ from, to, dryRun: true });
    expect(await contentOf(to)).toEqual(before);
    const { copied } = await sync({ from, to });
    expect(wouldCopy).toEqual({ ...copied, changes: wouldCopy.changes });
  });

  it("gives an experiment another id where the target has something else under it", async () => {
    const [from, to] = [await memory(), await memory()];
    await to.experiments.create({ name: "other" });
    const experimentId = await from.experiments.create({ name: "digits" });
    const { id } = await from.runs.create({ experimentId });
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], failures: [] });
    expect((await to.experiments.get((await to.runs.get(id)).experimentId)).name).toBe("digits");
    expect(await sync({ from, to })).toMatchObject({ isEqual: true });
  });

  it("refuses options that make no sense", async () => {
    const from = await memory();
    const refused = { code: "INVALID_PARAMETER_VALUE" };
    await expect(sync({ from, to: from })).rejects.toMatchObject(refused);
    await expect(sync({ from, to: await memory(), filter: "loss <" })).rejects.toMatchObject(refused);
    await expect(sync({ from, to: await memory(), follow: true })).rejects.toMatchObject(refused);
    await expect(sync({ from, to: await memory(), concurrency: 0 })).rejects.toMatchObject(refused);
    await expect(sync({ from, to: await memory(), force: true } as never)).rejects.toMatchObject(refused);
    const stop = AbortSignal.abort();
    await expect(sync({ from, to: await memory(), signal: stop })).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("reads no directory that a hostile store names, and reports what a store may not hold", async () => {
    const root = temporaryDirectory();
    const secret = join(root, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "key.pem"), "private");
    const from = await memory();
    const { tracking } = from.backend;
    const { id: runId } = await tracking.createRun({
      experimentId: "0",
      name: "<img src=x onerror=alert(1)>",
      tags: { huge: "x".repeat(10_000_000), "../../escape": "1", fine: "<script>" },
    });
    const elsewhere = await tracking.createExperiment({ name: "elsewhere", artifactLocation: `file://${secret}` });
    await tracking.createRun({ experimentId: elsewhere });
    from.backend.tracking.getRun = async (id) => ({ ...(await original(id)), artifactUri: `file://${secret}` });
    const to = await connect(join(root, "mlruns"));
    const report = await sync({ from, to });
    expect(report.failures.map(({ what }) => what).sort()).toEqual([
      "artifacts",
      "artifacts",
      "tags.../../escape",
      "tags.huge",
    ]);
    expect((await to.runs.get(runId)).tags).toEqual({
      "mlflow.runName": "<img src=x onerror=alert(1)>",
      fine: "<script>",
    });
    expect(await to.artifacts.list({ runId })).toEqual([]);
    await sync({ from, to, artifactDirectories: [secret] });
    expect((await to.artifacts.list({ runId })).map(({ path }) => path)).toEqual(["key.pem"]);

    async function original(id: string) {
      const { items } = await tracking.searchRuns({ experimentIds: ["0", elsewhere], viewType: "all", maxResults: 10 });
      return items.find((run) => run.id === id) as (typeof items)[number];
    }
  });
});
