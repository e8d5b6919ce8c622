import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { connect, dataset, startRun } from "../../src/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { bits, runMlflow, runPython } from "../support/python.ts";

const AWKWARD_VALUES = [
  0.1,
  1,
  -0,
  0,
  1e16,
  1e21,
  123456789012345680000,
  1e-7,
  5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1 / 3,
  2 ** 53 - 1,
  -1.5,
  Math.PI * 1e-300,
];
const AWKWARD_KEYS = [
  "loss",
  "train/acc",
  "a/b/c/d",
  "ключ",
  "名前 с пробелом",
  "k".repeat(250),
  "a.b-c_d:e",
  "__proto__",
];

interface PythonHistory {
  readonly [key: string]: readonly (readonly [number, string, number])[];
}

interface PythonRun {
  readonly experiment: {
    readonly id: string;
    readonly name: string;
    readonly lifecycleStage: string;
    artifactLocation: string;
  };
  readonly info: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly histories: PythonHistory;
  readonly inputs: readonly Readonly<Record<string, unknown>>[];
  readonly artifacts: readonly (readonly [string, number])[];
  readonly foundBySearch: readonly string[];
}

/** One run with everything in it. */
async function writeRun(mlruns: string) {
  const client = await connect(mlruns);
  const run = await startRun({
    client,
    experiment: "from JS: 名前 #1 'quoted' \"both\"",
    name: "yes",
    description: "# a run",
    params: {
      optimizer: { name: "adam", lr: 1e-3 },
      layers: [64, 32],
      ключ: "значение 名前",
      empty: "",
      long: "x".repeat(6_000),
    },
    tags: { "multi line": "one\ntwo\n", emoji: "🎯", yaml: "null" },
  });
  const written: PythonHistory = Object.fromEntries(
    AWKWARD_KEYS.map((key, shift) => [
      key,
      AWKWARD_VALUES.map((_, i) => {
        const value = AWKWARD_VALUES[(i + shift) % AWKWARD_VALUES.length] as number;
        const timestamp = 1_700_000_000_000 + i;
        run.logMetric(key, value, { step: i - 3, timestamp });
        return [timestamp, bits(value), i - 3] as const;
      }),
    ]),
  );
  for (let i = 0; i < 5_000; i++) run.logMetrics({ "bulk/a": Math.random(), "bulk/b": i });
  const digits = dataset({
    name: "digits",
    data: { shape: [2, 2], dtype: "float32", data: new Float32Array([1, 2, 3, 4]) },
  });
  const rows = dataset({ name: "rows", data: [{ a: 1.5, b: "x" }], source: "https://example.org/rows.csv" });
  run.logInput(digits, { context: "training" });
  run.logInput(rows, { context: "evaluation" });
  await run.logText("hällo", "notes/hello.txt");
  await run.logJson({ a: [1, 2] }, "a.json");
  await run.end();
  return { client, run, written, datasets: [digits, rows] };
}

describe.skipIf(leftOut("python"))("MLflow's file layout", () => {
  it("written here, is read by Python: every field, every bit", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const { client, run, written, datasets } = await writeRun(mlruns);
    const ours = await client.runs.get(run.id);
    const theirs = (await runPython("read_run.py", [pathToFileURL(mlruns).href, run.id], directory)) as PythonRun;

    expect(theirs.experiment).toMatchObject({
      id: run.experimentId,
      name: "from JS: 名前 #1 'quoted' \"both\"",
      lifecycleStage: "active",
    });
    const { id, name, userId, status, startTime, endTime, lifecycleStage, artifactUri } = ours;
    expect(theirs.info).toEqual({ id, name, userId, status, startTime, endTime, lifecycleStage, artifactUri });
    expect(name).toBe("yes");
    expect(status).toBe("FINISHED");
    expect(theirs.params).toEqual(ours.params);
    expect(theirs.params).toMatchObject({
      "optimizer.name": "adam",
      "optimizer.lr": "0.001",
      layers: "[64,32]",
      ключ: "значение 名前",
      empty: "",
    });
    expect(theirs.tags).toEqual(ours.tags);
    expect(theirs.tags).toMatchObject({
      "multi line": "one\ntwo\n",
      emoji: "🎯",
      yaml: "null",
      "mlflow.note.content": "# a run",
    });
    for (const key of AWKWARD_KEYS) expect(theirs.histories[key]).toEqual(written[key]);
    for (const key of ["bulk/a", "bulk/b"]) {
      const { steps, timestamps, values } = await client.runs.metricHistory(run.id, key);
      expect(values.length).toBe(5_000);
      expect(theirs.histories[key]).toEqual(Array.from(values, (value, i) => [timestamps[i], bits(value), steps[i]]));
    }
    expect(theirs.metrics).toEqual(
      Object.fromEntries(Object.entries(ours.metrics).map(([key, value]) => [key, bits(value)])),
    );
    const byName = (a: { name?: unknown }, b: { name?: unknown }) => (String(a.name) < String(b.name) ? -1 : 1);
    expect([...theirs.inputs].sort(byName)).toMatchObject(
      datasets.map((each, i) => ({ ...each, tags: { "mlflow.data.context": ["training", "evaluation"][i] } })),
    );
    expect(theirs.inputs.find((input) => input.name === "rows")?.resolvedSource).toEqual({
      url: "https://example.org/rows.csv",
    });
    expect(theirs.artifacts.filter(([path]) => !path.startsWith("git/"))).toEqual([
      ["a.json", 29],
      ["notes/hello.txt", 6],
    ]);
    expect(theirs.foundBySearch).toEqual([run.id]);
  });

  it("written here, goes through migrate-filestore with nothing lost", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const { client, run } = await writeRun(mlruns);
    const database = `sqlite:///${join(directory, "migrated.db")}`;
    await runMlflow(["migrate-filestore", "--source", mlruns, "--target", database], directory);
    const ours = await client.runs.get(run.id);
    const theirs = (await runPython("read_run.py", [database, run.id], directory)) as PythonRun;
    expect(theirs.info).toMatchObject({
      id: run.id,
      name: "yes",
      status: "FINISHED",
      startTime: ours.startTime,
      endTime: ours.endTime,
    });
    expect(theirs.params).toEqual(ours.params);
    expect(theirs.tags).toEqual(ours.tags);
    expect(theirs.inputs.length).toBe(2);
    for (const { key } of ours.latestMetrics) {
      const { steps, timestamps, values } = await client.runs.metricHistory(run.id, key);
      // SQLite holds neither -0 nor the infinities (MLflow stores the largest double for these).
      const inSqlite = (value: number) =>
        bits(value === 0 ? 0 : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)));
      const expected = Array.from(values, (value, i) => [timestamps[i], inSqlite(value), steps[i]]);
      const order = (a: readonly unknown[], b: readonly unknown[]) => Number(a[2]) - Number(b[2]);
      expect([...(theirs.histories[key] ?? [])].sort(order)).toEqual(expected);
    }
  });

  it("written by Python, is read here: every field, every bit", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const theirs = (await runPython("write_run.py", [pathToFileURL(mlruns).href], directory)) as {
      experimentId: string;
      experimentName: string;
      runId: string;
      userId: string;
      endTime: number;
      params: Record<string, string>;
      tags: Record<string, string>;
      metrics: Record<string, string>;
      histories: PythonHistory;
      dataset: Record<string, string>;
    };
    const client = await connect(mlruns);
    const ours = await client.runs.get(theirs.runId);
    expect(ours).toMatchObject({
      name: "null",
      experimentId: theirs.experimentId,
      userId: theirs.userId,
      status: "FINISHED",
      startTime: 1_700_000_000_123,
      endTime: theirs.endTime,
      lifecycleStage: "active",
      params: theirs.params,
      tags: theirs.tags,
    });
    expect(Object.fromEntries(Object.entries(ours.metrics).map(([key, value]) => [key, bits(value)]))).toEqual(
      theirs.metrics,
    );
    for (const [key, points] of Object.entries(theirs.histories)) {
      const { steps, timestamps, values } = await client.runs.metricHistory(theirs.runId, key);
      expect(Array.from(values, (value, i) => [timestamps[i], bits(value), steps[i]])).toEqual(points);
    }
    expect(ours.inputs).toEqual([{ dataset: theirs.dataset, tags: { "mlflow.data.context": "training" } }]);
    expect(await client.experiments.getByName(theirs.experimentName)).toMatchObject({
      id: theirs.experimentId,
      tags: { team: "vision" },
    });
    const listed = await client.artifacts.list({ runId: theirs.runId });
    expect(listed).toEqual([
      { path: "nested", isDirectory: true },
      { path: "text.txt", isDirectory: false, sizeBytes: 6 },
    ]);
    expect(new TextDecoder().decode(await client.artifacts.read({ runId: theirs.runId, path: "text.txt" }))).toBe(
      "hällo",
    );
    expect(
      (await client.runs.search({ experimentIds: [theirs.experimentId] }).page()).items.map(({ id }) => id),
    ).toEqual([theirs.runId]);
  });

  it("is taken in turns: each goes on where the other stopped", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    const run = await startRun({ client, experiment: "shared" });
    for (let i = 0; i < 10; i++) run.logMetric("loss", i);
    await run.end();
    await runPython("resume_run.py", [pathToFileURL(mlruns).href, run.id], directory);
    const resumed = await startRun({ client, runId: run.id });
    resumed.logMetric("loss", 0.25);
    await resumed.end();
    const { steps, values } = await client.runs.metricHistory(run.id, "loss");
    expect(Array.from(steps)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101]);
    expect(values[11]).toBe(0.25);
    const theirs = (await runPython("read_run.py", [pathToFileURL(mlruns).href, run.id], directory)) as PythonRun;
    expect(theirs.histories.loss?.length).toBe(12);
    expect(theirs.params.from_python).toBe("yes");
    expect(theirs.info.status).toBe("FINISHED");
  });
});
