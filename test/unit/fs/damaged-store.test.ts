import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../../src/contract/backend.ts";
import { startRun } from "../../../src/fluent/start-run.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { connect } from "../../../src/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { warnings } from "../../support/warnings.ts";

let root: string;
let mlruns: string;
let store: Backend["tracking"];
let said: string[];
/** Two experiments with two runs each: one of each will be damaged, the others must stay readable. */
let ids: { experiment: string; run: string; sound: string; soundExperiment: string };

beforeEach(async () => {
  root = temporaryDirectory();
  mlruns = join(root, "mlruns");
  store = fsBackend({ directory: mlruns }).tracking;
  said = warnings();
  const experiment = await store.createExperiment({ name: "damaged" });
  const soundExperiment = await store.createExperiment({ name: "sound" });
  const client = await connect(mlruns);
  const runs: string[] = [];
  for (const name of ["damaged", "sound"]) {
    const run = await startRun({ client, experiment: "damaged", name, params: { lr: 0.1 }, captureEnvironment: false });
    for (let step = 0; step < 3; step++) run.logMetric("loss", 1 / (step + 1));
    await run.logText("text", "notes.txt");
    await run.end();
    runs.push(run.id);
  }
  ids = { experiment, soundExperiment, run: runs[0] as string, sound: runs[1] as string };
});

const runPath = (...parts: string[]) => join(mlruns, ids.experiment, ids.run, ...parts);
const experimentPath = (...parts: string[]) => join(mlruns, ids.experiment, ...parts);

const listedRuns = async () => {
  const { items } = await store.searchRuns({ experimentIds: [ids.experiment], viewType: "all", maxResults: 100 });
  return items.map(({ id }) => id);
};
const listedExperiments = async () => {
  const { items } = await store.searchExperiments({ viewType: "all", maxResults: 100 });
  return items.map(({ name }) => name).sort();
};

/** Something a stranger may have put outside of the store. */
function outside(name: string, content = "secret"): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

function inPlaceOfMeta(put: (path: string) => void): void {
  rmSync(runPath("meta.yaml"));
  put(runPath("meta.yaml"));
}

/** What is said names the path, once however often it is read. */
function expectSaid(path: string): void {
  expect(said.filter((text) => text.includes(path))).toHaveLength(1);
}

describe("a damaged run is skipped with its path, and the others are read", () => {
  it.each<[string, () => void]>([
    ["no meta.yaml", () => rmSync(runPath("meta.yaml"))],
    ["an empty meta.yaml", () => writeFileSync(runPath("meta.yaml"), "")],
    ["garbage YAML", () => writeFileSync(runPath("meta.yaml"), "]]: {{\n\t- a: b: c\n\0")],
    ["YAML that is no map", () => writeFileSync(runPath("meta.yaml"), "- 1\n- 2\n")],
    ["a YAML bomb", () => writeFileSync(runPath("meta.yaml"), yamlBomb())],
    [
      "a status that is none",
      () => writeFileSync(runPath("meta.yaml"), `run_id: ${ids.run}\nstatus: 77\nstart_time: 1\n`),
    ],
    ["the id of another run", () => cpSync(join(mlruns, ids.experiment, ids.sound, "meta.yaml"), runPath("meta.yaml"))],
    ["a meta.yaml that is a directory", () => inPlaceOfMeta(mkdirSync)],
    [
      "a meta.yaml that leads out of the store",
      () => inPlaceOfMeta((path) => symlinkSync(outside("meta.yaml", "run_id: x\n"), path)),
    ],
    ["a meta.yaml that is a pipe", () => inPlaceOfMeta((path) => execFileSync("mkfifo", [path]))],
  ])("%s", async (_what, damage) => {
    damage();
    expect(await listedRuns()).toEqual([ids.sound]);
    expect(await listedRuns()).toEqual([ids.sound]);
    expectSaid(runPath("meta.yaml"));
    await expect(store.getRun(ids.run)).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: expect.stringContaining(runPath("meta.yaml")),
    });
  });

  it("a run that is a link out of the store", async () => {
    cpSync(runPath(), join(root, "elsewhere"), { recursive: true });
    rmSync(runPath(), { recursive: true });
    symlinkSync(join(root, "elsewhere"), runPath());
    expect(await listedRuns()).toEqual([ids.sound]);
    expectSaid(runPath());
    await expect(store.getRun(ids.run)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  });

  it("a file where a run belongs is none", async () => {
    rmSync(runPath(), { recursive: true });
    writeFileSync(runPath(), "text");
    expect(await listedRuns()).toEqual([ids.sound]);
  });
});

describe("a damaged experiment is skipped with its path, and the others are read", () => {
  it.each<[string, () => void]>([
    ["no meta.yaml", () => rmSync(experimentPath("meta.yaml"))],
    ["garbage YAML", () => writeFileSync(experimentPath("meta.yaml"), "\u0001: [")],
    ["no name", () => writeFileSync(experimentPath("meta.yaml"), `experiment_id: '${ids.experiment}'\n`)],
    ["another's id", () => cpSync(join(mlruns, ids.soundExperiment, "meta.yaml"), experimentPath("meta.yaml"))],
  ])("%s", async (_what, damage) => {
    damage();
    expect(await listedExperiments()).toEqual(["Default", "sound"]);
    expectSaid(experimentPath("meta.yaml"));
    expect(await store.getExperimentByName("sound")).toMatchObject({ id: ids.soundExperiment });
  });

  it("one that is a link out of the store", async () => {
    cpSync(experimentPath(), join(root, "elsewhere"), { recursive: true });
    rmSync(experimentPath(), { recursive: true });
    symlinkSync(join(root, "elsewhere"), experimentPath());
    expect(await listedExperiments()).toEqual(["Default", "sound"]);
    expectSaid(experimentPath());
  });

  it("what is no experiment does not disturb", async () => {
    writeFileSync(join(mlruns, "notes.txt"), "text");
    writeFileSync(join(mlruns, "123"), "a file where a directory belongs");
    mkdirSync(join(mlruns, ".hidden"));
    expect(await listedExperiments()).toEqual(["Default", "damaged", "sound"]);
  });
});

describe("a damaged part of a run is skipped with its path, and the rest is read", () => {
  const read = async () => await store.getRun(ids.run);

  it("a metric that is a link out of the store", async () => {
    symlinkSync(outside("secret", "1 2.0 3\n"), runPath("metrics", "leak"));
    expect((await read()).metrics).toEqual({ loss: 1 / 3 });
    expectSaid(runPath("metrics", "leak"));
    await expect(store.metricHistory(ids.run, "leak")).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("a param, a tag or a whole directory that is a link out of the store", async () => {
    symlinkSync(outside("secret"), runPath("params", "leak"));
    symlinkSync(outside("secret"), runPath("tags", "leak"));
    mkdirSync(join(root, "foreign"));
    outside("foreign/leak", "1 2.0 3\n");
    symlinkSync(join(root, "foreign"), runPath("metrics", "foreign"));
    const { params, tags, metrics } = await read();
    expect(params).toEqual({ lr: "0.1" });
    expect(tags).not.toHaveProperty("leak");
    expect(metrics).toEqual({ loss: 1 / 3 });
    for (const path of [runPath("params", "leak"), runPath("tags", "leak"), runPath("metrics", "foreign")]) {
      expectSaid(path);
    }
  });

  it("a link in a circle, or to nothing", async () => {
    symlinkSync("circle", runPath("params", "circle"));
    symlinkSync(join(root, "nowhere"), runPath("params", "nowhere"));
    expect((await read()).params).toEqual({ lr: "0.1" });
    expectSaid(runPath("params", "circle"));
    expectSaid(runPath("params", "nowhere"));
  });

  it("a link that stays in the store is followed", async () => {
    symlinkSync(join(mlruns, ids.experiment, ids.sound, "params", "lr"), runPath("params", "linked"));
    expect((await read()).params).toEqual({ lr: "0.1", linked: "0.1" });
    expect(said).toEqual([]);
  });

  it("a file where the metrics' directory belongs", async () => {
    rmSync(runPath("metrics"), { recursive: true });
    writeFileSync(runPath("metrics"), "text");
    const { metrics, params } = await read();
    expect(metrics).toEqual({});
    expect(params).toEqual({ lr: "0.1" });
    expectSaid(runPath("metrics"));
    expect(await store.metricHistory(ids.run, "loss")).toMatchObject({ values: new Float64Array() });
  });

  it("a metric file with blank, bad and torn lines", async () => {
    writeFileSync(runPath("metrics", "loss"), "1 0.5 0\n\nbad line\n2 0.25 1\n3 0.1");
    expect([...(await store.metricHistory(ids.run, "loss")).values]).toEqual([0.5, 0.25]);
    expect(said.filter((text) => text.includes(runPath("metrics", "loss")))).toHaveLength(2);
  });

  it("an empty metric file, and one without any sound line, have no values", async () => {
    writeFileSync(runPath("metrics", "empty"), "");
    writeFileSync(runPath("metrics", "bad"), "x\n");
    expect((await read()).metrics).toEqual({ loss: 1 / 3 });
  });

  it("a name that is no key", async () => {
    writeFileSync(runPath("params", "what?"), "x");
    expect((await read()).params).toEqual({ lr: "0.1" });
    expectSaid(runPath("params", "what?"));
  });

  it("what is neither file nor directory", async () => {
    execFileSync("mkfifo", [runPath("metrics", "pipe"), runPath("tags", "pipe")]);
    const { metrics, tags } = await read();
    expect(metrics).toEqual({ loss: 1 / 3 });
    expect(tags).not.toHaveProperty("pipe");
    expectSaid(runPath("metrics", "pipe"));
  });

  it("an input whose dataset is gone or damaged", async () => {
    mkdirSync(runPath("inputs", "a".repeat(32)), { recursive: true });
    writeFileSync(
      runPath("inputs", "a".repeat(32), "meta.yaml"),
      `source_type: DATASET\nsource_id: ${"b".repeat(32)}\ndestination_type: RUN\ntags: {}\n`,
    );
    mkdirSync(runPath("inputs", "c".repeat(32)));
    expect((await read()).inputs).toEqual([]);
    expectSaid("used a dataset that is not there any more");
    expectSaid(runPath("inputs", "c".repeat(32), "meta.yaml"));
  });

  it("an input that points out of the experiment", async () => {
    mkdirSync(runPath("inputs", "a".repeat(32)), { recursive: true });
    writeFileSync(
      runPath("inputs", "a".repeat(32), "meta.yaml"),
      "source_type: DATASET\nsource_id: ../../../secret\ntags: {}\n",
    );
    expect((await read()).inputs).toEqual([]);
  });
});

describe("what is written stays in the store", () => {
  it("not through a linked directory of params, tags or metrics", async () => {
    mkdirSync(join(root, "foreign"));
    for (const kind of ["params", "tags", "metrics"]) symlinkSync(join(root, "foreign"), runPath(kind, "deep"));
    const client = await connect(mlruns);
    const run = await startRun({ client, runId: ids.run, captureEnvironment: false });
    run.logParam("deep/key", 1);
    run.setTag("deep/key", "x");
    run.logMetric("deep/key", 1);
    await expect(run.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
    expect(run.stats).toMatchObject({ rejected: 3, pending: 0 });
    await run.end();
    expect(() => execFileSync("ls", [join(root, "foreign", "key")], { stdio: "ignore" })).toThrow();
  });

  it("not through a linked metric file, wherever it leads", async () => {
    const secret = outside("secret", "");
    symlinkSync(secret, runPath("metrics", "leak"));
    const client = await connect(mlruns);
    const run = await startRun({ client, runId: ids.run, captureEnvironment: false });
    run.logMetric("leak", 1);
    await expect(run.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
    await run.end();
    expect(execFileSync("cat", [secret], { encoding: "utf8" })).toBe("");
  });

  it("a linked param or tag is replaced or refused, never written through", async () => {
    const secret = outside("secret");
    symlinkSync(secret, runPath("tags", "leak"));
    symlinkSync(secret, runPath("params", "leak"));
    const client = await connect(mlruns);
    const run = await startRun({ client, runId: ids.run, captureEnvironment: false });
    run.setTag("leak", "new");
    run.logParam("leak", "new");
    await run.flush().catch(() => {});
    await run.end();
    expect(execFileSync("cat", [secret], { encoding: "utf8" })).toBe("secret");
    expect((await store.getRun(ids.run)).tags).toMatchObject({ leak: "new" });
  });
});

describe("artifacts", () => {
  it("that are links out of the run are skipped and refused", async () => {
    symlinkSync(outside("secret"), runPath("artifacts", "leak"));
    symlinkSync(root, runPath("artifacts", "up"));
    const client = await connect(mlruns);
    const listed = await client.artifacts.list({ runId: ids.run });
    expect(listed.map(({ path }) => path)).toEqual(["notes.txt"]);
    for (const path of ["leak", "up/secret"]) {
      await expect(client.artifacts.read({ runId: ids.run, path })).rejects.toMatchObject({
        code: "INVALID_PARAMETER_VALUE",
      });
    }
    const run = await startRun({ client, runId: ids.run, captureEnvironment: false });
    await expect(run.logText("x", "up/new.txt")).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    await run.end();
  });
});

/** Nine levels of aliases: 10^9 items if anybody expands them. */
function yamlBomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level++) {
    lines.push(`a${level}: &a${level} [${new Array(10).fill(`*a${level - 1}`).join(", ")}]`);
  }
  return `${lines.join("\n")}\n`;
}
