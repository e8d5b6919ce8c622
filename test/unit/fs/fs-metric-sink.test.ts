import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../../src/contract/backend.ts";
import type { Batch, Series } from "../../../src/contract/batch.ts";
import type { SyncMetricSink } from "../../../src/contract/metric-sink.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { runDirectory, temporaryDirectory } from "../../support/mlruns.ts";
import { warnings } from "../../support/warnings.ts";

const MODEL_ID = "m-0123456789abcdef0123456789abcdef";

let mlruns: string;
let backend: Backend;
let runId: string;
let experiment: string;
let sink: SyncMetricSink;
let said: string[];

beforeEach(async () => {
  mlruns = join(temporaryDirectory(), "mlruns");
  backend = fsBackend({ directory: mlruns });
  said = warnings();
  const experimentId = await backend.tracking.createExperiment({ name: "sink" });
  ({ id: runId } = await backend.tracking.createRun({ experimentId }));
  experiment = join(mlruns, experimentId);
  sink = await openSink();
});

const openSink = async () => (await backend.tracking.openSink(runId)) as SyncMetricSink;
const filePath = (...parts: string[]) => join(runDirectory(mlruns, runId), "metrics", ...parts);
const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

/** Values as [series, value]; all at time 1000 and at their position as step. */
function batchOf(series: readonly Series[], entries: readonly (readonly [number, number])[]): Batch {
  return {
    series,
    metrics: {
      length: entries.length,
      seriesIds: Uint32Array.from(entries, ([id]) => id),
      values: Float64Array.from(entries, ([, value]) => value),
      timestamps: new Float64Array(entries.length).fill(1_000),
      steps: Float64Array.from(entries, (_entry, step) => step),
    },
    params: [],
    tags: [],
    inputs: [],
  };
}

const LOSS: readonly Series[] = [{ key: "loss" }];

describe("lines", () => {
  it("name the dataset where there is one", () => {
    const series = [{ key: "loss" }, { key: "loss", dataset: { name: "digits", digest: "abc123" } }];
    expect(
      sink.writeSync(
        batchOf(series, [
          [0, 0.5],
          [1, 0.25],
        ]),
      ),
    ).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss")).sort()).toEqual(["1000 0.25 1 digits abc123", "1000 0.5 0"]);
  });

  it("of a value measured on a logged model stand in the model's file too, with the run's id", () => {
    mkdirSync(join(experiment, "models", MODEL_ID), { recursive: true });
    const series = [
      { key: "loss", modelId: MODEL_ID },
      { key: "loss", modelId: MODEL_ID, dataset: { name: "digits", digest: "abc123" } },
    ];
    expect(
      sink.writeSync(
        batchOf(series, [
          [0, 0.5],
          [0, 0.25],
          [1, 2],
        ]),
      ),
    ).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss"))).toEqual(["1000 0.5 0", "1000 0.25 1", "1000 2.0 2 digits abc123"]);
    expect(linesOf(join(experiment, "models", MODEL_ID, "metrics", "loss"))).toEqual([
      `1000 0.5 0 ${runId}`,
      `1000 0.25 1 ${runId}`,
      `1000 2.0 2 ${runId} digits abc123`,
    ]);
  });

  it("of a model that is not there are rejected, and no others", () => {
    const series = [{ key: "loss" }, { key: "loss", modelId: MODEL_ID }, { key: "loss", modelId: "../../../../tmp" }];
    expect(
      sink.writeSync(
        batchOf(series, [
          [1, 1],
          [0, 2],
          [2, 3],
        ]),
      ),
    ).toMatchObject({
      status: "permanent",
      accepted: { metrics: [1] },
      rejected: { metrics: [0, 2] },
    });
    expect(linesOf(filePath("loss"))).toEqual(["1000 2.0 1"]);
  });

  it("stand in both files once, however often the model's file fails in between", () => {
    const models = join(experiment, "models", MODEL_ID, "metrics");
    mkdirSync(models, { recursive: true });
    const series = [{ key: "loss", modelId: MODEL_ID }];
    expect(sink.writeSync(batchOf(series, [[0, 1]]))).toEqual({ status: "ok" });
    // A file that was deleted under its descriptor fails as a full disk would.
    renameSync(join(models, "loss"), join(models, "kept"));
    rmSync(join(models, "kept"));
    const failed = sink.writeSync(
      batchOf(series, [
        [0, 2],
        [0, 3],
      ]),
    );
    expect(failed.status).toBe("retryable");
    expect(failed).toMatchObject({ accepted: { metrics: [] } });
    expect(
      sink.writeSync(
        batchOf(series, [
          [0, 2],
          [0, 3],
        ]),
      ),
    ).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss"))).toEqual(["1000 1.0 0", "1000 2.0 0", "1000 3.0 1"]);
    expect(linesOf(join(models, "loss"))).toEqual([`1000 2.0 0 ${runId}`, `1000 3.0 1 ${runId}`]);
  });
});

describe("a file with a torn last line", () => {
  const TORN = "1000 0.5 0\n1000 0.2";

  it("that nobody is writing any more is cut before it grows, with a warning", () => {
    writeFileSync(filePath("loss"), TORN);
    const longAgo = Date.now() / 1_000 - 60;
    utimesSync(filePath("loss"), longAgo, longAgo);
    expect(sink.writeSync(batchOf(LOSS, [[0, 0.25]]))).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss"))).toEqual(["1000 0.5 0", "1000 0.25 0"]);
    expect(said).toEqual([expect.stringContaining(filePath("loss"))]);
  });

  it("that somebody may be writing is waited for, and other files are written meanwhile", () => {
    writeFileSync(filePath("loss"), TORN);
    const series = [{ key: "loss" }, { key: "accuracy" }];
    const outcome = sink.writeSync(
      batchOf(series, [
        [0, 0.25],
        [1, 0.9],
      ]),
    );
    expect(outcome).toMatchObject({
      status: "retryable",
      accepted: { metrics: [1] },
      retryAfterMs: expect.any(Number),
    });
    expect((outcome as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(2_000);
    expect(readFileSync(filePath("loss"), "utf8")).toBe(TORN);
    appendFileSync(filePath("loss"), "5 1\n");
    expect(sink.writeSync(batchOf(series, [[0, 0.25]]))).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss"))).toEqual(["1000 0.5 0", "1000 0.25 1", "1000 0.25 0"]);
    expect(said).toEqual([]);
  });

  it("and nothing else is empty afterwards, and takes lines", () => {
    writeFileSync(filePath("loss"), "torn");
    utimesSync(filePath("loss"), 1, 1);
    expect(sink.writeSync(batchOf(LOSS, [[0, 1]]))).toEqual({ status: "ok" });
    expect(linesOf(filePath("loss"))).toEqual(["1000 1.0 0"]);
  });
});

describe("files", () => {
  it("are made with their first lines and leave nothing else behind", () => {
    sink.writeSync(batchOf([{ key: "a/b/c" }], [[0, 1]]));
    expect(linesOf(filePath("a", "b", "c"))).toEqual(["1000 1.0 0"]);
    expect(readdirSync(runDirectory(mlruns, runId)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("of 1,000 keys get by with few descriptors", () => {
    const series = Array.from({ length: 1_000 }, (_, index) => ({ key: `key${index}` }));
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 2; round++) {
      sink.writeSync(
        batchOf(
          series,
          series.map((_, index) => [index, round] as const),
        ),
      );
    }
    expect(readdirSync("/proc/self/fd").length - before).toBeLessThanOrEqual(64);
    for (const { key } of series) expect(linesOf(filePath(key))).toHaveLength(2);
    sink.close();
    expect(readdirSync("/proc/self/fd").length - before).toBe(0);
  });

  it("where a directory is are refused without costing the others", () => {
    mkdirSync(filePath("loss"));
    const series = [{ key: "loss" }, { key: "accuracy" }];
    expect(
      sink.writeSync(
        batchOf(series, [
          [0, 1],
          [1, 2],
        ]),
      ),
    ).toMatchObject({
      status: "permanent",
      rejected: { metrics: [0] },
      accepted: { metrics: [1] },
      error: { code: "INVALID_PARAMETER_VALUE" },
    });
  });

  it("of a run that was deleted are not made again", () => {
    sink.writeSync(batchOf(LOSS, [[0, 1]]));
    rmSync(runDirectory(mlruns, runId), { recursive: true });
    for (const series of [LOSS, [{ key: "loss" }, { key: "new" }]]) {
      const outcome = sink.writeSync(batchOf(series, [[series.length - 1, 1]]));
      expect(outcome).toMatchObject({ status: "retryable", error: { code: "STORAGE_GONE" } });
    }
    expect(readdirSync(experiment)).not.toContain(runId);
  });

  it("take lines of two sinks at once", async () => {
    const other = await openSink();
    for (let round = 0; round < 100; round++) {
      for (const each of [sink, other]) expect(each.writeSync(batchOf(LOSS, [[0, round]]))).toEqual({ status: "ok" });
    }
    expect(linesOf(filePath("loss"))).toHaveLength(200);
  });
});
