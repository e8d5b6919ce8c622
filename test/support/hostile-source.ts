import { expect } from "vitest";
import { truncate } from "../../src/base/text.ts";
import type { ArtifactInfo, ArtifactStore } from "../../src/contract/artifact-store.ts";
import type { Backend } from "../../src/contract/backend.ts";
import type { Client, Experiment, LoggedModel, ModelVersion, RegisteredModel, RunEntity } from "../../src/index.ts";
import type { SyncReport } from "../../src/sync/index.ts";

const HUGE = "x".repeat(10_000_000);
export const HTML = "<img src=x onerror=alert(1)>";
const TIME = 1_700_000_000_000;

/** Names that lead to other places, where they are taken for paths. */
const ESCAPES = ["../../../../../escape", "../../../escape", "../escape", "a/../../../../../escape", ".."];
/** Names that are something else in JavaScript's objects. */
const PROTOTYPES = ["__proto__", "constructor", "toString"];
const KEYS = [...ESCAPES, ...PROTOTYPES];

/** With keys of its own, `__proto__` too. */
const record = <T>(keys: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(keys.map((key) => [key, value]));

const point = (key: string) => ({ key, value: 0.5, step: 1, timestamp: TIME });

const experiment = (id: string, name: string, more: Partial<Experiment> = {}): Experiment => ({
  id,
  name,
  artifactLocation: `memory:/${id}`,
  lifecycleStage: "active",
  creationTime: TIME,
  lastUpdateTime: TIME,
  tags: {},
  ...more,
});

const run = (id: string, more: Partial<RunEntity> = {}): RunEntity => ({
  id,
  name: HTML,
  experimentId: "11",
  userId: HTML,
  status: "FINISHED",
  startTime: TIME,
  endTime: TIME + 1,
  lifecycleStage: "active",
  artifactUri: `hostile:/${id}`,
  params: {},
  tags: { "mlflow.runName": HTML },
  metrics: {},
  latestMetrics: [],
  inputs: [],
  modelInputs: [],
  modelOutputs: [],
  ...more,
});

const loggedModel = (id: string, more: Partial<LoggedModel> = {}): LoggedModel => ({
  id,
  name: "cnn",
  experimentId: "11",
  artifactLocation: `hostile:/${id}`,
  status: "READY",
  creationTime: TIME,
  lastUpdateTime: TIME,
  params: {},
  tags: {},
  metrics: [],
  ...more,
});

const registered = (name: string, more: Partial<RegisteredModel> = {}): RegisteredModel => ({
  name,
  creationTime: TIME,
  lastUpdateTime: TIME,
  tags: {},
  aliases: {},
  ...more,
});

const version = (number: unknown, more: Partial<ModelVersion> = {}): ModelVersion => ({
  name: "digits",
  version: number as number,
  source: "s3://elsewhere/model",
  stage: "None",
  status: "READY",
  creationTime: TIME,
  lastUpdateTime: TIME,
  tags: {},
  aliases: [],
  ...more,
});

const dataset = (name: string, digest = "abc") => ({
  dataset: { name, digest, sourceType: "code", source: "{}" },
  tags: record(PROTOTYPES, HTML),
});

/** The run with everything in it, the metric's good values included. */
export const RUN_ID = "a".repeat(32);
/** A run with links and metrics that no store may hold. */
export const LINKED_RUN_ID = "b".repeat(32);
export const MODEL_ID = `m-${"c".repeat(32)}`;

const EXPERIMENTS = [
  experiment("11", HTML, { tags: { ...record(KEYS, HTML), huge: HUGE } }),
  ...ESCAPES.map((id) => experiment(id, `id ${id}`)),
  ...["__proto__", "models", ".trash"].map((id) => experiment(id, `id ${id}`)),
  experiment("12", "../../../escape"),
  experiment("13", "__proto__"),
  experiment("14", HUGE),
];

const RUNS = [
  run(RUN_ID, {
    params: { ...record(KEYS, HTML), huge: HUGE },
    tags: { ...record(KEYS, HTML), huge: HUGE, "mlflow.runName": HTML },
    latestMetrics: [...PROTOTYPES, "loss", "half"].map(point),
    metrics: record([...PROTOTYPES, "loss", "half"], 0.5),
    inputs: [...KEYS.map((name) => dataset(name)), dataset("huge", HUGE)],
  }),
  run(LINKED_RUN_ID, {
    latestMetrics: [...ESCAPES, "loss"].map(point),
    metrics: record([...ESCAPES, "loss"], 0.5),
    modelInputs: ESCAPES.map((modelId) => ({ modelId })),
    modelOutputs: ESCAPES.map((modelId) => ({ modelId, step: 0 })),
  }),
  ...[...ESCAPES, "__proto__"].map((id) => run(id)),
];

const LOGGED_MODELS = [
  loggedModel(MODEL_ID, {
    name: HTML,
    params: { ...record(KEYS, HTML), huge: HUGE },
    tags: { ...record(KEYS, HTML), huge: HUGE },
    metrics: [...KEYS, "loss"].map((key) => ({ ...point(key), runId: RUN_ID })),
    sourceRunId: RUN_ID,
  }),
  ...[...ESCAPES, "__proto__"].map((id) => loggedModel(id)),
];

const MODELS = [
  registered("digits", {
    description: HTML,
    tags: { ...record(KEYS, HTML), huge: HUGE },
    aliases: record([...KEYS, "champion"], 1),
  }),
  registered(HTML.replaceAll("/", "")),
  ...KEYS.map((name) => registered(name)),
];

/** It is listed, and cannot be read. */
const UNREADABLE = 9;

const VERSIONS = [
  version(1, { aliases: [...KEYS, "champion"], tags: { ...record(KEYS, HTML), huge: HUGE }, runId: RUN_ID }),
  version(2, { source: `runs:/${"../".repeat(8)}etc`, runId: "../../../escape", modelId: "../../../escape" }),
  ...["../../../../../escape", "2/../../../../../escape", -1, 1.5, Number.NaN, UNREADABLE].map((number) =>
    version(number),
  ),
];

const FILES: readonly ArtifactInfo[] = [...ESCAPES, "/tmp/tidemark-escape", "a\\..\\b", "note.txt", "__proto__"].map(
  (path) => ({ path, isDirectory: false, sizeBytes: 4 }),
);

const fileStore = (uri: string): ArtifactStore => {
  const refuse = async () => {
    throw new Error("this is read only");
  };
  return {
    uri,
    list: async (directory) => (directory === undefined ? FILES : []),
    read: async () => Buffer.from("file"),
    upload: refuse,
    write: refuse,
    download: refuse,
    delete: refuse,
  };
};

const page = <T>(items: readonly T[]) => ({ items });

/** A store that says whatever it likes, as a server or a directory of somebody else may. Only what is read of it is there. */
export function hostileSource(): Backend {
  const missing = () => new Error("there is no such thing");
  const one = <T>(found: T | undefined): T => {
    if (found === undefined) throw missing();
    return found;
  };
  const source = {
    uri: "hostile:/",
    tracking: {
      searchExperiments: async () => page(EXPERIMENTS),
      searchRuns: async ({ experimentIds }: { readonly experimentIds: readonly string[] }) =>
        page(experimentIds.includes("11") ? RUNS : []),
      getRun: async (id: string) => one(RUNS.find((each) => each.id === id)),
      metricHistory: async (_: string, key: string) => ({
        steps: key === "half" ? Float64Array.of(0, 0.5) : Float64Array.of(0, 1),
        timestamps: Float64Array.of(TIME, TIME),
        values: Float64Array.of(0.25, 0.5),
      }),
    },
    loggedModels: {
      search: async ({ experimentIds }: { readonly experimentIds: readonly string[] }) =>
        page(experimentIds.includes("11") ? LOGGED_MODELS : []),
      get: async (id: string) => one(LOGGED_MODELS.find((each) => each.id === id)),
    },
    registry: {
      searchModels: async () => page(MODELS),
      searchVersions: async () => page(VERSIONS),
      getVersion: async ({ version: number }: { readonly version: number }) =>
        one(VERSIONS.find((each) => Object.is(each.version, number) && number !== UNREADABLE)),
    },
    artifacts: fileStore,
    close: async () => {},
  };
  return source as unknown as Backend;
}

const paths = (where: string) => FILES.slice(0, -2).map(({ path }) => `${where}: artifacts/${path}`);
const refusedKeys = (where: string, ...kinds: readonly string[]) =>
  kinds.flatMap((kind) => ESCAPES.map((key) => `${where}: ${kind}${key}`));

/** What must be in the report as failures: all of it, and nothing else. */
const REFUSED: readonly string[] = [
  ...refusedKeys(`experiment ${HTML}`, "tags."),
  `experiment ${HTML}: tags.huge`,
  ...[...ESCAPES, "__proto__", ".trash"].map((id) => `experiment id ${id}: experiment`),
  `${truncate(`experiment ${HUGE}`, 300)}: experiment`,
  ...refusedKeys(`run ${RUN_ID}`, "params.", "tags."),
  ...["params.huge", "tags.huge", "dataset huge", "metrics.half"].map((what) => `run ${RUN_ID}: ${what}`),
  ...refusedKeys(`run ${LINKED_RUN_ID}`, "metrics."),
  `run ${LINKED_RUN_ID}: links to logged models`,
  ...[...ESCAPES, "__proto__"].map((id) => `run ${id}: run`),
  ...refusedKeys(`logged model ${MODEL_ID}`, "params.", "tags.", "metrics."),
  ...["params.huge", "tags.huge"].map((what) => `logged model ${MODEL_ID}: ${what}`),
  ...[...ESCAPES, "__proto__"].map((id) => `logged model ${id}: logged model`),
  ...[`run ${RUN_ID}`, `run ${LINKED_RUN_ID}`, `logged model ${MODEL_ID}`].flatMap(paths),
  ...refusedKeys("registered model digits", "tags.", "alias "),
  "registered model digits: tags.huge",
  ...ESCAPES.map((name) => `registered model ${name}: registered model`),
  ...refusedKeys("version 1 of digits", "tags."),
  "version 1 of digits: tags.huge",
  ...["../../../../../escape", "2/../../../../../escape", -1, 1.5, Number.NaN, UNREADABLE].map(
    (number) => `version ${number} of digits: version`,
  ),
].sort();

/** The ids that copies have in a target. */
export interface CopyIds {
  readonly run: string;
  readonly linkedRun: string;
  readonly model: string;
}

const KEPT: CopyIds = { run: RUN_ID, linkedRun: LINKED_RUN_ID, model: MODEL_ID };

/** That everything refused is in a report, and what the target refuses by itself. */
export function expectRefused(report: SyncReport, more: readonly string[] = []): void {
  const refused = report.failures.map(({ where, what }) => `${where}: ${what}`);
  expect(refused.sort()).toEqual([...REFUSED, ...more].sort());
  expect(report.conflicts).toEqual([]);
}

/** That a target has all that is sound. */
export async function expectRest(to: Client, ids: CopyIds = KEPT): Promise<void> {
  const own = record(PROTOTYPES, HTML);
  const run = await to.runs.get(ids.run);
  expect(run).toMatchObject({ name: HTML, userId: HTML, status: "FINISHED", startTime: TIME, endTime: TIME + 1 });
  expect(Object.entries(run.params).sort()).toEqual(Object.entries(own).sort());
  const tags = Object.entries(run.tags).filter(([key]) => !key.startsWith("tidemark."));
  expect(tags.sort()).toEqual(Object.entries({ ...own, "mlflow.runName": HTML }).sort());
  for (const key of [...PROTOTYPES, "loss"])
    expect([...(await to.runs.metricHistory(ids.run, key)).values]).toEqual([0.25, 0.5]);
  expect(run.inputs.map(({ dataset }) => dataset.name).sort()).toEqual([...KEYS].sort());
  expect(Object.entries(run.inputs[0]?.tags ?? {}).sort()).toEqual(Object.entries(own).sort());
  for (const runId of [ids.run, ids.linkedRun]) {
    expect((await to.artifacts.list({ runId })).map(({ path }) => path)).toEqual(["__proto__", "note.txt"]);
  }
  const linked = await to.runs.get(ids.linkedRun);
  expect(linked).toMatchObject({ metrics: { loss: 0.5 }, modelInputs: [], modelOutputs: [] });
  const model = await to.loggedModels.get(ids.model);
  expect(Object.entries(model.params).sort()).toEqual(Object.entries(own).sort());
  expect(model.metrics.map(({ key }) => key).sort()).toEqual([...PROTOTYPES, "loss"].sort());
  const { aliases, tags: modelTags } = await to.registry.getModel("digits");
  expect(Object.entries(aliases).sort()).toEqual([...PROTOTYPES, "champion"].map((alias) => [alias, 1]).sort());
  expect(Object.entries(modelTags).sort()).toEqual(Object.entries(own).sort());
  expect((await to.registry.getModel("__proto__")).name).toBe("__proto__");
  // Nothing of it reached JavaScript's own objects.
  expect(({} as Record<string, unknown>).huge).toBeUndefined();
  expect(String({})).toBe("[object Object]");
}
