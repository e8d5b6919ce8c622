import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { fsBackend } from "../../../src/fs/index.ts";
import { type Client, connect } from "../../../src/index.ts";
import { runDirectory, temporaryDirectory } from "../../support/mlruns.ts";
import { warnings } from "../../support/warnings.ts";

let mlruns: string;
/** Two programs with one directory: the reader remembers, the writer changes. */
let reader: Client;
let writer: Client;
let experimentId: string;
let runId: string;

beforeEach(async () => {
  mlruns = join(temporaryDirectory(), "mlruns");
  reader = await connect(fsBackend({ directory: mlruns }));
  writer = await connect(fsBackend({ directory: mlruns }));
  experimentId = await writer.experiments.create({ name: "watched" });
  ({ id: runId } = await writer.runs.create({ experimentId, name: "first", tags: { a: "1", "deep/b": "1" } }));
  await writer.runs.logBatch({
    runId,
    metrics: [
      { key: "loss", value: 1 },
      { key: "deep/loss", value: 1 },
    ],
    params: [
      { key: "lr", value: "1" },
      { key: "deep/lr", value: "1" },
    ],
  });
});

const path = (...parts: string[]) => join(runDirectory(mlruns, runId), ...parts);
const found = async (filter?: string) => {
  const { items } = await reader.runs.search({ experimentIds: [experimentId], ...(filter ? { filter } : {}) }).page();
  return items;
};

/** What is too recent is read again anyway: only what has rested for a while is remembered. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 150));

describe.each([
  ["at once", async () => {}],
  ["after a rest", rest],
])("what another program writes is seen, %s", (_when, pause) => {
  it.each<[string, () => Promise<void>, (run: Awaited<ReturnType<typeof found>>[number]) => unknown, unknown]>([
    ["a tag", () => writer.runs.setTag({ runId, key: "a", value: "2" }), ({ tags }) => tags.a, "2"],
    ["a nested tag", () => writer.runs.setTag({ runId, key: "deep/b", value: "2" }), ({ tags }) => tags["deep/b"], "2"],
    ["a new tag", () => writer.runs.setTag({ runId, key: "c", value: "" }), ({ tags }) => tags.c, ""],
    ["a deleted tag", () => writer.runs.deleteTag({ runId, key: "a" }), ({ tags }) => tags.a, undefined],
    [
      "a tag written over in place, as Python does",
      async () => writeFileSync(path("tags", "a"), "2"),
      ({ tags }) => tags.a,
      "2",
    ],
    [
      "a value",
      () => writer.runs.logBatch({ runId, metrics: [{ key: "loss", value: 2, step: 1 }] }),
      ({ metrics }) => metrics.loss,
      2,
    ],
    [
      "a value of a nested metric",
      () => writer.runs.logBatch({ runId, metrics: [{ key: "deep/loss", value: 2, step: 1 }] }),
      ({ metrics }) => metrics["deep/loss"],
      2,
    ],
    [
      "a new param",
      () => writer.runs.logBatch({ runId, params: [{ key: "new", value: "x" }] }),
      ({ params }) => params.new,
      "x",
    ],
    ["the name", () => writer.runs.update({ runId, name: "second" }), ({ name }) => name, "second"],
    ["the status", () => writer.runs.update({ runId, status: "FAILED" }), ({ status }) => status, "FAILED"],
    [
      "a meta.yaml written over in place, as Python does",
      async () => {
        const meta = `run_id: ${runId}\nexperiment_id: '${experimentId}'\nstatus: 5\nstart_time: 1\nrun_name: x\n`;
        writeFileSync(path("meta.yaml"), meta);
      },
      ({ status }) => status,
      "KILLED",
    ],
    [
      "a dataset",
      async () => {
        const dataset = { name: "digits", digest: "1", sourceType: "code", source: "{}" };
        await writer.runs.logInputs({ runId, datasets: [{ dataset, tags: {} }] });
      },
      ({ inputs }) => inputs.length,
      1,
    ],
  ])("%s", async (_what, change, read, expected) => {
    await pause();
    for (let repeat = 0; repeat < 2; repeat++) expect(read((await found())[0] as never)).not.toEqual(expected);
    await change();
    expect(read((await found())[0] as never)).toEqual(expected);
    expect(read((await reader.runs.get(runId)) as never)).toEqual(expected);
    await pause();
    expect(read((await found())[0] as never)).toEqual(expected);
  });

  it("in what a filter names too", async () => {
    await pause();
    expect(await found("tags.a = '2'")).toHaveLength(0);
    expect(await found("metrics.loss > 1")).toHaveLength(0);
    await writer.runs.setTag({ runId, key: "a", value: "2" });
    await writer.runs.logBatch({ runId, metrics: [{ key: "loss", value: 2, step: 1 }] });
    expect(await found("tags.a = '2' AND metrics.loss > 1 AND metrics.`deep/loss` = 1")).toHaveLength(1);
  });

  it("new, deleted and vanished runs", async () => {
    await pause();
    expect(await found()).toHaveLength(1);
    const { id } = await writer.runs.create({ experimentId });
    expect(await found()).toHaveLength(2);
    await writer.runs.delete(id);
    expect(await found()).toHaveLength(1);
    rmSync(path(), { recursive: true });
    expect(await found()).toHaveLength(0);
    await expect(reader.runs.get(runId)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  });

  it("a directory that becomes a link out of the store", async () => {
    const said = warnings();
    await pause();
    expect((await found())[0]?.metrics).toEqual({ loss: 1, "deep/loss": 1 });
    const outside = join(mlruns, "..", "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "leak"), "1 2.0 3\n");
    renameSync(path("metrics"), join(mlruns, "..", "moved"));
    symlinkSync(outside, path("metrics"));
    expect((await found())[0]?.metrics).toEqual({});
    expect(await found("metrics.leak > 0")).toHaveLength(0);
    expect(said).toEqual([expect.stringContaining(path("metrics"))]);
  });
});

it("what a search answers is the caller's to change", async () => {
  await rest();
  const [first] = await found();
  (first?.params as Record<string, string>).lr = "changed";
  (first?.tags as Record<string, string>).a = "changed";
  expect((await found())[0]?.params.lr).toBe("1");
  expect((await found())[0]?.tags.a).toBe("1");
});
