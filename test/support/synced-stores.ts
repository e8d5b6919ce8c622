import { createHash } from "node:crypto";
import type { Backend } from "../../src/contract/backend.ts";
import type { Client } from "../../src/tracking/client.ts";
import { listFiles } from "../../src/tracking/stored-files.ts";
import { seriesBatch } from "../contract/batches.ts";
import { bits } from "./python.ts";

/** Values that a store may lose something of. */
export const AWKWARD_VALUES = [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 1e300];
/** The same for MLflow's database. */
const EXACT_EVERYWHERE = [0.1, Number.NaN, 5e-324, -1e300, 1 / 3];

export interface Filling {
  /** Values that MLflow's database changes, too. Default true. */
  readonly awkward?: boolean;
}

/** Fills a store with something of everything. */
export async function fillStore(client: Client, { awkward = true }: Filling = {}): Promise<void> {
  const { tracking, loggedModels, registry } = client.backend;
  const digits = await client.experiments.create({ name: "digits <b>名前</b>", tags: { team: "vision", empty: "" } });
  const gone = await client.experiments.create({ name: "gone", tags: { a: "1" } });
  const run = await tracking.createRun({
    experimentId: digits,
    name: "first: run",
    startTime: 1_700_000_000_123,
    userId: "ann",
    tags: { note: "a\nb" },
  });
  const values = awkward ? AWKWARD_VALUES : EXACT_EVERYWHERE;
  const entries = values.flatMap((value, i): [number, number, number, number][] => [
    [0, value, i, 1_700_000_000_000 + i],
    [1, value, -i, 1_700_000_000_000],
  ]);
  const repeats: [number, number, number, number][] = awkward
    ? [
        [0, 2, 3, 7],
        [0, 1, 3, 7],
        [0, 1, 3, 7],
      ]
    : [];
  await write(client.backend, run.id, {
    ...seriesBatch([{ key: "loss" }, { key: "val/loss" }], [...entries, ...repeats]),
    params: [
      { key: "lr", value: "0.1" },
      { key: "model/depth", value: "4" },
    ],
    tags: [{ key: "later", value: "<script>alert(1)</script>" }],
    inputs: [
      {
        dataset: { name: "digits", digest: "abc", sourceType: "code", source: "{}", schema: "{}", profile: "{}" },
        tags: { "mlflow.data.context": "training" },
      },
    ],
  });
  const artifacts = client.backend.artifacts(run.artifactUri);
  await artifacts.write("plots/loss 名.txt", Buffer.from("text"));
  await artifacts.write("large.bin", Buffer.alloc(5 << 20, 7));
  const model = await loggedModels?.create({
    experimentId: digits,
    name: "cnn",
    sourceRunId: run.id,
    modelType: "tf",
    params: { depth: "4" },
    tags: { a: "x" },
  });
  if (model !== undefined && loggedModels !== undefined) {
    await client.backend.artifacts(model.artifactLocation).write("MLmodel", Buffer.from("flavors: {}\n"));
    await tracking.logModelOutputs(run.id, [{ modelId: model.id, step: 3 }]);
    const dataset = { name: "digits", digest: "abc" };
    await write(
      client.backend,
      run.id,
      seriesBatch(
        [
          { key: "acc", modelId: model.id },
          { key: "acc", modelId: model.id, dataset },
        ],
        [
          [0, 0.5, 1, 5],
          [1, 0.25, 2, 6],
        ],
      ),
    );
    await loggedModels.finalize(model.id, "READY");
  }
  await tracking.updateRun({ runId: run.id, status: "FINISHED", endTime: 1_700_000_100_000 });
  const user = await tracking.createRun({ experimentId: digits, name: "open", startTime: 1_700_000_000_200 });
  if (model !== undefined) await tracking.logModelInputs(user.id, [{ modelId: model.id }]);
  const deleted = await tracking.createRun({ experimentId: digits, name: "deleted", startTime: 1_700_000_000_300 });
  await write(client.backend, deleted.id, seriesBatch([{ key: "loss" }], [[0, 1, 0, 1]]));
  await client.backend.artifacts(deleted.artifactUri).write("a.txt", Buffer.from("a"));
  await tracking.deleteRun(deleted.id);
  const away = await tracking.createRun({ experimentId: gone, name: "away", startTime: 1_700_000_000_400 });
  await write(client.backend, away.id, seriesBatch([{ key: "loss" }], [[0, 1, 0, 1]]));
  await client.backend.artifacts(away.artifactUri).write("b.txt", Buffer.from("b"));
  await client.experiments.delete(gone);
  if (registry === undefined) return;
  await registry.createModel({ name: "digits", description: "**best**", tags: { a: "1" } });
  const source = `runs:/${run.id}/plots`;
  await registry.createVersion({ name: "digits", source, runId: run.id, description: "first", tags: { b: "2" } });
  await registry.createVersion({ name: "digits", source: `${run.artifactUri}/plots`, runId: run.id });
  await registry.createVersion({ name: "digits", source: "models:/digits/1" });
  if (model !== undefined)
    await registry.createVersion({ name: "digits", source: `models:/${model.id}`, modelId: model.id });
  await registry.deleteVersion({ name: "digits", version: 2 });
  await registry.transitionStage({ name: "digits", version: 1 }, "Production", { archiveExisting: false });
  await registry.setAlias({ name: "digits", version: 3 }, "champion");
  await registry.createModel({ name: "empty" });
}

async function write(backend: Backend, runId: string, batch: Parameters<typeof send>[1]): Promise<void> {
  const sink = await backend.tracking.openSink(runId);
  const outcome = await send(sink, batch);
  await sink.close();
  if (outcome.status !== "ok") throw outcome.error;
}

async function send(
  sink: Awaited<ReturnType<Backend["tracking"]["openSink"]>>,
  batch: import("../../src/contract/batch.ts").Batch,
) {
  return "writeSync" in sink ? sink.writeSync(batch) : await sink.write(batch, new AbortController().signal);
}

const OWN_TAGS = /^(tidemark\.syncedFrom|mlflow\.modelVersions$)/;

const texts = (record: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([key]) => !OWN_TAGS.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

async function list<T>(
  page: (paging: {
    maxResults: number;
    pageToken?: string;
  }) => Promise<{ items: readonly T[]; nextPageToken?: string }>,
) {
  const items: T[] = [];
  for (let token: string | undefined; ; ) {
    const found = await page({ maxResults: 100, ...(token === undefined ? {} : { pageToken: token }) });
    items.push(...found.items);
    token = found.nextPageToken;
    if (token === undefined) return items;
  }
}

async function filesOf({ backend }: Client, uri: string) {
  const store = backend.artifacts(uri);
  const files = await listFiles(store);
  const contents = await Promise.all(
    files.map(
      async ({ path }) =>
        [
          path,
          createHash("sha256")
            .update(await store.read(path))
            .digest("hex"),
        ] as const,
    ),
  );
  return Object.fromEntries(contents.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Likeness {
  /** Ids and times are the source's too. Default true. */
  readonly keepsIds?: boolean;
  /** Which logged model a version is. MLflow's database does not keep it. Default true. */
  readonly keepsModelIds?: boolean;
  /** Only runs in use: where two have made one, the other of them is in the trash, among those that were there already. Default: all. */
  readonly active?: boolean;
}

/** All that a store holds, as plain data: what two equal stores have in common. */
export async function contentOf(
  client: Client,
  { keepsIds = true, keepsModelIds = true, active = false }: Likeness = {},
) {
  const { tracking, loggedModels, registry } = client.backend;
  const experiments = await list((paging) => tracking.searchExperiments({ viewType: "all", ...paging }));
  const names = new Map<string, string>();
  const found = [];
  for (const experiment of experiments) {
    const runs = await list((paging) =>
      tracking.searchRuns({ experimentIds: [experiment.id], viewType: "all", ...paging }),
    );
    for (const { id, name } of runs) names.set(id, name);
    const models =
      loggedModels === undefined
        ? []
        : await list((paging) => loggedModels.search({ experimentIds: [experiment.id], ...paging }));
    for (const { id, name } of models) names.set(id, name);
    const nameOf = (id: string | undefined) => (id === undefined || keepsIds ? id : names.get(id));
    const isShown = ({ lifecycleStage }: { lifecycleStage: string }) => !active || lifecycleStage === "active";
    const runContents = [];
    for (const { id } of runs.filter(isShown)) {
      const run = await tracking.getRun(id);
      const histories: Record<string, unknown> = {};
      for (const key of Object.keys(run.metrics).sort()) {
        const { steps, timestamps, values } = await tracking.metricHistory(id, key);
        histories[key] = Array.from(values, (value, i) => `${timestamps[i]} ${bits(value)} ${steps[i]}`);
      }
      runContents.push({
        id: keepsIds ? id : run.name,
        name: run.name,
        userId: run.userId,
        status: run.status,
        startTime: run.startTime,
        endTime: run.endTime,
        lifecycleStage: run.lifecycleStage,
        params: texts(run.params),
        tags: texts(run.tags),
        inputs: run.inputs,
        modelInputs: run.modelInputs.map(({ modelId }) => nameOf(modelId)),
        modelOutputs: run.modelOutputs.map(({ modelId, step }) => [nameOf(modelId), step]),
        histories,
        files: await filesOf(client, run.artifactUri),
      });
    }
    const modelContents = [];
    for (const model of models) {
      modelContents.push({
        ...(keepsIds ? { id: model.id, creationTime: model.creationTime, lastUpdateTime: model.lastUpdateTime } : {}),
        name: model.name,
        sourceRunId: nameOf(model.sourceRunId),
        modelType: model.modelType,
        status: model.status,
        params: texts(model.params),
        tags: texts(model.tags),
        metrics: model.metrics.map((metric) => ({ ...metric, value: bits(metric.value), runId: nameOf(metric.runId) })),
        files: await filesOf(client, model.artifactLocation),
      });
    }
    found.push({
      ...(keepsIds && experiment.name !== "Default"
        ? { id: experiment.id, creationTime: experiment.creationTime }
        : {}),
      name: experiment.name,
      lifecycleStage: experiment.lifecycleStage,
      tags: texts(experiment.tags),
      runs: runContents.sort((a, b) => (a.name < b.name ? -1 : 1)),
      models: modelContents,
    });
  }
  const registered = registry === undefined ? [] : await list((paging) => registry.searchModels(paging));
  const models = [];
  for (const { creationTime, lastUpdateTime, tags, ...model } of registered) {
    const store = registry as NonNullable<typeof registry>;
    const listed = await list((paging) => store.searchVersions({ ...paging, filter: `name = '${model.name}'` }));
    const own = await Promise.all(listed.map((version) => store.getVersion(version)));
    models.push({
      ...model,
      ...(keepsIds ? { creationTime, lastUpdateTime } : {}),
      tags: texts(tags),
      versions: own
        .sort((a, b) => a.version - b.version)
        .map(({ creationTime: created, lastUpdateTime: updated, source, runId, modelId, tags: own, ...version }) => ({
          ...version,
          tags: texts(own),
          ...(keepsIds ? { creationTime: created, lastUpdateTime: updated } : {}),
          runId: keepsIds || runId === undefined ? runId : names.get(runId),
          modelId: !keepsModelIds ? undefined : keepsIds || modelId === undefined ? modelId : names.get(modelId),
          source: source
            .replace(/[0-9a-f]{32}/g, (id) => (keepsIds ? id : (names.get(id) ?? names.get(`m-${id}`) ?? "?")))
            .replace(/^models:\/m-/, "models:/"),
        })),
    });
  }
  // As plain data: what is absent is absent, and a record is a record, whoever made it.
  const content: unknown = JSON.parse(
    JSON.stringify({ experiments: found.sort((a, b) => (a.name < b.name ? -1 : 1)), models }),
  );
  return content;
}
