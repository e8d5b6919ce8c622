import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { downloadModel } from "../../src/registry/index.ts";
import { metricLines, runDirectory, temporaryDirectory } from "../support/mlruns.ts";
import { modelDirectory, modelFiles } from "../support/model-directory.ts";
import { TrainingChild } from "../support/training-child.ts";

const WRITERS = 8;
const COUNT = 5_000;

it("8 processes and 8 worker threads write one run: nothing is lost, nothing comes twice", async () => {
  const mlruns = temporaryDirectory();
  const client = await connect(mlruns);
  const experimentId = await client.experiments.create({ name: "shared" });
  const { id: runId } = await client.runs.create({ experimentId });
  const children = Array.from(
    { length: WRITERS },
    (_, writer) => new TrainingChild("write-shared.mjs", { runId, writer, count: COUNT }, mlruns),
  );
  children.push(new TrainingChild("write-shared-threads.mjs", { runId, count: COUNT, threads: WRITERS }, mlruns));
  for (const child of children) expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });

  const written = metricLines(mlruns, runId, "shared").map(([, value]) => value);
  expect(written.length).toBe(2 * WRITERS * COUNT);
  expect(new Set(written).size).toBe(written.length);
  const run = await client.runs.get(runId);
  expect(Object.keys(run.params)).toHaveLength(2 * WRITERS + 1);
  expect(run.status).toBe("FINISHED");
  // Nothing temporary is left behind.
  expect(readdirSync(runDirectory(mlruns, runId)).sort()).toEqual([
    "artifacts",
    "meta.yaml",
    "metrics",
    "params",
    "tags",
  ]);
});

it("8 processes that ask for one experiment get the same one", async () => {
  const mlruns = join(temporaryDirectory(), "mlruns");
  const startAt = Date.now() + 2_000;
  const children = Array.from(
    { length: WRITERS },
    () => new TrainingChild("create-experiment.mjs", { experiment: "raced for", startAt }, mlruns),
  );
  for (const child of children) expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });
  expect(new Set(children.map((child) => child.stdout.trim())).size).toBe(1);
  const client = await connect(mlruns);
  const experiments: string[] = [];
  for await (const { name } of client.experiments.search({ viewType: "all" })) experiments.push(name);
  expect(experiments.filter((name) => name === "raced for")).toHaveLength(1);
  const { items } = await client.runs.search({ experimentIds: [children[0]?.stdout.trim() ?? ""] }).page();
  expect(items).toHaveLength(WRITERS);
});

it("40 processes that create versions of one model get 1 to 40", async () => {
  const mlruns = join(temporaryDirectory(), "mlruns");
  const client = await connect(mlruns);
  await client.registry.createModel({ name: "raced" });
  const argument = { name: "raced", startAt: Date.now() + 6_000 };
  const children = Array.from({ length: 40 }, () => new TrainingChild("create-version.mjs", argument, mlruns));
  for (const child of children) expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });
  const numbers = children.map((child) => Number(child.stdout.trim())).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  const { items } = await client.registry.searchVersions({ orderBy: ["version_number"] }).page();
  expect(items.map(({ version }) => version)).toEqual(numbers);
  expect(readdirSync(join(mlruns, "models", "raced")).filter((name) => name.startsWith("."))).toEqual([]);
}, 60_000);

it("40 processes that register one directory get 1 to 40, of models that are all whole", async () => {
  const mlruns = join(temporaryDirectory(), "mlruns");
  const argument = { directory: modelDirectory(), name: "raced", startAt: Date.now() + 8_000 };
  const children = Array.from({ length: 40 }, () => new TrainingChild("register-model.mjs", argument, mlruns));
  for (const child of children) expect(await child.ended, child.stderr).toEqual({ code: 0, signal: null });
  const numbers = children.map((child) => Number(child.stdout.trim())).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  const client = await connect(mlruns);
  for (const version of numbers) {
    const destination = join(temporaryDirectory(), "model");
    await downloadModel(`models:/raced/${version}`, { client, destination });
    for (const [path, text] of Object.entries(modelFiles())) {
      expect(readFileSync(join(destination, path), "utf8")).toBe(text);
    }
  }
  const { items } = await client.loggedModels.search({ experimentIds: ["0"] }).page();
  expect(new Set(items.map(({ status }) => status))).toEqual(new Set(["READY"]));
}, 90_000);
