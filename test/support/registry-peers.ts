import { expect } from "vitest";
import { type Client, dataset, type ModelOutput, type RunEntity, startRun } from "../../src/index.ts";

/** Absent here is null there, or, behind a server, an empty text. */
export const present = (record: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  );

/** What `registry.py` prints. */
export interface PythonRegistry {
  readonly model: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly versions: readonly Readonly<Record<string, unknown>>[];
  readonly loggedModel: Readonly<Record<string, unknown>> & {
    readonly id: string;
    readonly metrics: readonly Readonly<Record<string, unknown>>[];
  };
  /** Of the run that made the logged model. */
  readonly links: { readonly inputs: readonly string[]; readonly outputs: readonly ModelOutput[] };
  readonly champion: string;
  readonly downloadUri: string;
}

/** Everything of one model, in the form Python's answer has. */
export async function readRegistry(client: Client, name: string, modelId: string) {
  const { items } = await client.registry
    .searchVersions({ filter: `name = '${name}'`, orderBy: ["version_number"] })
    .page();
  const loggedModel = await client.loggedModels.get(modelId);
  return {
    model: await client.registry.getModel(name),
    versions: items,
    loggedModel,
    run: await client.runs.get(loggedModel.sourceRunId ?? ""),
    champion: (await client.registry.getVersionByAlias({ name, alias: "champion" })).version,
    downloadUri: await client.registry.downloadUri({ name, version: 1 }),
  };
}

/** Both see the same. */
export function expectSameRegistry(ours: Awaited<ReturnType<typeof readRegistry>>, theirs: PythonRegistry): void {
  expect(ours.model).toEqual(present(theirs.model));
  expect(ours.versions.map(({ modelId: _, ...version }) => version)).toEqual(theirs.versions.map(present));
  const metrics = theirs.loggedModel.metrics.map(present);
  // Python gives the model's id in the place of the run's.
  expect({ ...ours.loggedModel, metrics: ours.loggedModel.metrics.map(({ runId: _, ...metric }) => metric) }).toEqual({
    ...present(theirs.loggedModel),
    metrics: metrics
      .map(({ runId: _, ...metric }) => metric)
      .sort((a, b) => ("datasetName" in a ? 1 : 0) - ("datasetName" in b ? 1 : 0)),
  });
  expect(theirs.links.inputs).toHaveLength(1);
  expect(linksOf(ours.run)).toEqual(theirs.links);
  expect(ours.champion).toBe(Number(theirs.champion));
  expect(ours.downloadUri).toBe(theirs.downloadUri);
}

const linksOf = ({ modelInputs, modelOutputs }: RunEntity) => ({
  inputs: modelInputs.map(({ modelId }) => modelId),
  outputs: modelOutputs,
});

/** A registry and a logged model with all they can hold. */
export async function writeRegistry(client: Client): Promise<{ name: string; modelId: string }> {
  const run = await startRun({ client, experiment: "registry from JS", captureEnvironment: false });
  const name = "from JS 名前";
  const { id: modelId } = await client.loggedModels.create({
    experimentId: run.experimentId,
    name: "logged",
    sourceRunId: run.id,
    modelType: "cnn",
    params: { depth: "4" },
    tags: { a: "b" },
  });
  run.logMetric("loss", 0.5, { step: 1, model: modelId });
  run.logMetric("loss", 0.25, { step: 2, model: modelId, dataset: { name: "digits", digest: "abc" } });
  // migrate-filestore looks at no input of an experiment without datasets.
  run.logInput(dataset({ name: "digits", data: [{ pixel: 1 }] }));
  await run.end();
  await client.runs.logOutputs({ runId: run.id, models: [{ modelId, step: 2 }] });
  await client.runs.logInputs({ runId: run.id, models: [{ modelId }] });
  await client.loggedModels.finalize({ modelId, status: "READY" });
  await client.registry.createModel({ name, description: "# text: 'quoted'\n", tags: { a: "x\ny", "b/c": "" } });
  await client.registry.createVersion({ name, source: `models:/${modelId}`, modelId, tags: { n: "0" } });
  for (let number = 1; number < 3; number++) {
    await client.registry.createVersion({ name, source: `s3://models/${number}`, runId: run.id });
  }
  await client.registry.setAlias({ name, alias: "champion", version: 2 });
  await client.registry.transitionStage({ name, version: 2, stage: "production" });
  await client.registry.deleteVersion({ name, version: 3 });
  return { name, modelId };
}
