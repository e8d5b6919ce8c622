import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect, dataset, startRun } from "../../src/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { bits, runPython } from "../support/python.ts";
import { expectSameRegistry, type PythonRegistry, readRegistry, writeRegistry } from "../support/registry-peers.ts";

// The server's database holds neither -0 nor the infinities: these come back as others, to Python too.
const VALUES = [0.1, 1, 0, 1e16, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, Number.NaN, 1 / 3, 2 ** 53 - 1, -1.5];
const KEYS = ["loss", "train/acc", "ключ", "名前 с пробелом", "k".repeat(250), "a.b-c_d:e", "__proto__"];

type Points = readonly (readonly [number | undefined, string, number | undefined])[];

interface PythonRun {
  readonly experiment: Readonly<Record<string, unknown>>;
  readonly info: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly histories: Readonly<Record<string, Points>>;
  readonly inputs: readonly Readonly<Record<string, unknown>>[];
  readonly artifacts: readonly (readonly [string, number])[];
  readonly foundBySearch: readonly string[];
}

interface PythonWritten {
  readonly experimentId: string;
  readonly experimentName: string;
  readonly runId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly histories: Readonly<Record<string, Points>>;
  readonly dataset: Readonly<Record<string, string>>;
}

async function pointsOf(client: Client, runId: string, key: string): Promise<Points> {
  const { steps, timestamps, values } = await client.runs.metricHistory(runId, key);
  return Array.from(values, (value, i) => [timestamps[i], bits(value), steps[i]] as const);
}

const bitsOf = (metrics: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, bits(value)]));

/** The server gives one order, Python prints it as it comes. */
const byStep = (points: Points = []) => [...points].sort((a, b) => Number(a[2]) - Number(b[2]));

describe.skipIf(leftOut("python"))("one server, MLflow's own client and this one", () => {
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    server = await startMlflowServer({});
  });
  afterAll(() => server?.kill());

  let address = "";
  let client: Client;
  beforeEach(async () => {
    address = server?.address ?? "";
    client = await connect(address);
    onTestFinished(() => client.close());
  });

  it("a run written here is read by Python: every field, every bit", async () => {
    const run = await startRun({
      client,
      experiment: "from JS: 名前 #1 'quoted' \"both\"",
      name: "yes",
      description: "# a run",
      params: { optimizer: { name: "adam", lr: 1e-3 }, ключ: "значение 名前", empty: "", long: "x".repeat(6_000) },
      tags: { "multi line": "one\ntwo\n", emoji: "🎯", yaml: "null" },
    });
    const written = KEYS.map((key, shift) =>
      VALUES.map((_, i) => {
        const value = VALUES[(i + shift) % VALUES.length] as number;
        run.logMetric(key, value, { step: i - 3, timestamp: 1_700_000_000_000 + i });
        return [1_700_000_000_000 + i, bits(value), i - 3];
      }),
    );
    for (let i = 0; i < 3_000; i++) run.logMetric("bulk", Math.random());
    const rows = dataset({ name: "rows", data: [{ a: 1.5, b: "x" }], source: "https://example.org/rows.csv" });
    run.logInput(rows, { context: "evaluation" });
    await run.logText("hällo", "a b/ü/hello 名前.txt");
    await run.logJson({ a: [1, 2] }, "a.json");
    await run.end();

    const theirs = (await runPython("read_run.py", [address, run.id], temporaryDirectory())) as PythonRun;
    const ours = await client.runs.get(run.id);
    expect(theirs.experiment).toMatchObject({ id: run.experimentId, name: "from JS: 名前 #1 'quoted' \"both\"" });
    const { id, name, userId, status, startTime, endTime, lifecycleStage, artifactUri } = ours;
    expect(theirs.info).toEqual({ id, name, userId, status, startTime, endTime, lifecycleStage, artifactUri });
    expect([name, status]).toEqual(["yes", "FINISHED"]);
    expect(theirs.params).toEqual(ours.params);
    expect(theirs.params).toMatchObject({ "optimizer.lr": "0.001", ключ: "значение 名前", empty: "" });
    expect(theirs.tags).toEqual(ours.tags);
    expect(theirs.tags).toMatchObject({ "multi line": "one\ntwo\n", emoji: "🎯", "mlflow.note.content": "# a run" });
    for (const [at, key] of KEYS.entries()) expect(byStep(theirs.histories[key])).toEqual(written[at]);
    expect(byStep(theirs.histories.bulk)).toEqual(await pointsOf(client, run.id, "bulk"));
    expect(theirs.histories.bulk).toHaveLength(3_000);
    expect(theirs.metrics).toEqual(bitsOf(ours.metrics));
    expect(theirs.inputs).toMatchObject([{ ...rows, tags: { "mlflow.data.context": "evaluation" } }]);
    expect(theirs.artifacts.filter(([path]) => !path.startsWith("git/"))).toEqual([
      ["a b/ü/hello 名前.txt", 6],
      ["a.json", 29],
    ]);
    expect(theirs.foundBySearch).toEqual([run.id]);
  });

  it("a run written by Python is read here: every field, every bit", async () => {
    const theirs = (await runPython("write_run.py", [address], temporaryDirectory())) as PythonWritten;
    const ours = await client.runs.get(theirs.runId);
    expect(ours).toMatchObject({
      name: "null",
      experimentId: theirs.experimentId,
      status: "FINISHED",
      startTime: 1_700_000_000_123,
      params: theirs.params,
      tags: theirs.tags,
    });
    expect(bitsOf(ours.metrics)).toEqual(theirs.metrics);
    for (const [key, points] of Object.entries(theirs.histories))
      expect(await pointsOf(client, theirs.runId, key)).toEqual(byStep(points));
    expect(ours.inputs).toEqual([{ dataset: theirs.dataset, tags: { "mlflow.data.context": "training" } }]);
    expect(await client.experiments.getByName(theirs.experimentName)).toMatchObject({ tags: { team: "vision" } });
    expect(await client.artifacts.list({ runId: theirs.runId })).toEqual([
      { path: "nested", isDirectory: true },
      { path: "text.txt", isDirectory: false, sizeBytes: 6 },
    ]);
    const text = await client.artifacts.read({ runId: theirs.runId, path: "text.txt" });
    expect(Buffer.from(text).toString()).toBe("hällo");
    const found = await client.runs.search({ experimentIds: [theirs.experimentId] }).page();
    expect(found.items.map(({ id }) => id)).toEqual([theirs.runId]);
  });

  it("a run is taken in turns: each goes on where the other stopped", async () => {
    const run = await startRun({ client, experiment: "shared" });
    for (let i = 0; i < 10; i++) run.logMetric("loss", i);
    await run.end();
    await runPython("resume_run.py", [address, run.id], temporaryDirectory());
    const resumed = await startRun({ client, runId: run.id });
    resumed.logMetric("loss", 0.25);
    await resumed.end();
    const { steps, values } = await client.runs.metricHistory(run.id, "loss");
    expect([...steps]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101]);
    expect(values[11]).toBe(0.25);
    const theirs = (await runPython("read_run.py", [address, run.id], temporaryDirectory())) as PythonRun;
    expect(theirs.histories.loss).toHaveLength(12);
    expect(theirs.params.from_python).toBe("yes");
    expect(theirs.info.status).toBe("FINISHED");
  });

  it("a backlog comes whole, in any order: the last values are the latest, the histories in order", async () => {
    const keys = ["loss", "accuracy", "lr"];
    const run = await startRun({ client, experiment: "backlog" });
    for (let step = 0; step < 8_000; step++) for (const key of keys) run.logMetric(key, step / 7);
    await run.end();
    const { metrics } = await client.runs.get(run.id);
    for (const key of keys) {
      expect(metrics[key]).toBe(7_999 / 7);
      const { steps, values } = await client.runs.metricHistory(run.id, key);
      expect(steps).toHaveLength(8_000);
      expect(steps.every((step, at) => step === at && values[at] === at / 7)).toBe(true);
    }
    const theirs = (await runPython("read_run.py", [address, run.id], temporaryDirectory())) as PythonRun;
    expect(theirs.metrics).toEqual(bitsOf(metrics));
    for (const key of keys) expect(theirs.histories[key]).toHaveLength(8_000);
  });

  it("a registry and logged models written here are read by Python", async () => {
    const { name, modelId } = await writeRegistry(client);
    const args = ["read", address, name, modelId];
    const theirs = (await runPython("registry.py", args, temporaryDirectory())) as PythonRegistry;
    expectSameRegistry(await readRegistry(client, name, modelId), theirs);
  });

  it("a registry and logged models written by Python are read here", async () => {
    const theirs = (await runPython("registry.py", ["write", address], temporaryDirectory())) as PythonRegistry;
    expectSameRegistry(await readRegistry(client, theirs.model.name, theirs.loggedModel.id), theirs);
  });
});
