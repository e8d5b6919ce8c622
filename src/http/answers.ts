import { z } from "zod";
import { isLaterPoint } from "../base/point-order.ts";
import { byDataset } from "../schema/dataset.ts";
import type { Experiment } from "../schema/experiment.ts";
import { byMetric, type LoggedModel, type LoggedModelStatus } from "../schema/model.ts";
import { byModel } from "../schema/model-link.ts";
import { type ModelVersion, type RegisteredModel, STAGES } from "../schema/model-version.ts";
import { type RunEntity, runStatusSchema } from "../schema/run.ts";

// MLflow's answers are proto2 messages as JSON: what is empty or was never set is left out, and 64-bit integers are numbers, in
// some places texts.

const text = z.string().default("");
const integer = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const listOf = <T extends z.ZodType>(schema: T) => z.array(schema).default([]);

/** JSON has no number for these three. */
export const metricValue = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]).default(0);

const pairs = listOf(z.object({ key: z.string(), value: text })).transform((list) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value])),
);
const stage = z.enum(["active", "deleted"]).default("active");

const point = z.object({
  key: z.string(),
  value: metricValue,
  timestamp: integer.default(0),
  step: integer.default(0),
});

export const experimentAnswer = z
  .object({
    experiment_id: z.string(),
    name: text,
    artifact_location: text,
    lifecycle_stage: stage,
    creation_time: integer.optional(),
    last_update_time: integer.optional(),
    tags: pairs,
  })
  .transform(
    ({
      experiment_id: id,
      name,
      artifact_location: artifactLocation,
      lifecycle_stage: lifecycleStage,
      tags,
      ...times
    }) =>
      ({
        id,
        name,
        artifactLocation,
        lifecycleStage,
        ...present({ creationTime: times.creation_time, lastUpdateTime: times.last_update_time }),
        tags,
      }) satisfies Experiment,
  );

const datasetInput = z
  .object({
    dataset: z.object({
      name: text,
      digest: text,
      source_type: text,
      source: text,
      schema: z.string().optional(),
      profile: z.string().optional(),
    }),
    tags: pairs,
  })
  .transform(({ dataset: { source_type: sourceType, schema, profile, ...dataset }, tags }) => ({
    dataset: { ...dataset, sourceType, ...present({ schema, profile }) },
    tags,
  }));

const modelInput = z.object({ model_id: z.string() }).transform(({ model_id: modelId }) => ({ modelId }));
const modelOutput = z
  .object({ model_id: z.string(), step: integer.default(0) })
  .transform(({ model_id: modelId, step }) => ({ modelId, step }));

export const runAnswer = z
  .object({
    info: z.object({
      run_id: z.string(),
      run_name: text,
      experiment_id: z.string(),
      user_id: text,
      status: runStatusSchema.default("RUNNING"),
      start_time: integer.default(0),
      end_time: integer.optional(),
      artifact_uri: text,
      lifecycle_stage: stage,
    }),
    data: z.object({ metrics: listOf(point), params: pairs, tags: pairs }).prefault({}),
    inputs: z.object({ dataset_inputs: listOf(datasetInput), model_inputs: listOf(modelInput) }).prefault({}),
    outputs: z.object({ model_outputs: listOf(modelOutput) }).prefault({}),
  })
  .transform(({ info, data, inputs, outputs }) => {
    const latestMetrics = data.metrics.sort((a, b) => (a.key < b.key ? -1 : 1));
    return {
      id: info.run_id,
      name: info.run_name,
      experimentId: info.experiment_id,
      userId: info.user_id,
      status: info.status,
      startTime: info.start_time,
      // The server's stores answer 0 where there is none.
      ...present({ endTime: info.end_time === 0 ? undefined : info.end_time }),
      lifecycleStage: info.lifecycle_stage,
      artifactUri: info.artifact_uri,
      params: data.params,
      tags: data.tags,
      metrics: Object.fromEntries(latestMetrics.map(({ key, value }) => [key, value])),
      latestMetrics,
      inputs: inputs.dataset_inputs.sort(byDataset),
      modelInputs: inputs.model_inputs.sort(byModel),
      modelOutputs: outputs.model_outputs.sort(byModel),
    } satisfies RunEntity;
  });

const aliases = listOf(z.object({ alias: z.string(), version: integer }));

export const registeredModelAnswer = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    creation_timestamp: integer.default(0),
    last_updated_timestamp: integer.default(0),
    tags: pairs,
    aliases,
  })
  .transform(
    (model) =>
      ({
        name: model.name,
        ...presentText({ description: model.description }),
        creationTime: model.creation_timestamp,
        lastUpdateTime: model.last_updated_timestamp,
        tags: model.tags,
        aliases: Object.fromEntries(model.aliases.map(({ alias, version }) => [alias, version])),
      }) satisfies RegisteredModel,
  );

export const versionAnswer = z
  .object({
    name: z.string(),
    version: integer,
    source: text,
    run_id: z.string().optional(),
    model_id: z.string().optional(),
    description: z.string().optional(),
    current_stage: z.enum(STAGES).default("None"),
    status: z.enum(["PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"]).default("READY"),
    creation_timestamp: integer.default(0),
    last_updated_timestamp: integer.default(0),
    tags: pairs,
    aliases: listOf(z.string()),
  })
  .transform(
    (version) =>
      ({
        name: version.name,
        version: version.version,
        source: version.source,
        ...presentText({ runId: version.run_id, modelId: version.model_id, description: version.description }),
        stage: version.current_stage,
        status: version.status,
        creationTime: version.creation_timestamp,
        lastUpdateTime: version.last_updated_timestamp,
        tags: version.tags,
        aliases: version.aliases.sort(),
      }) satisfies ModelVersion,
  );

const MODEL_STATUSES: Readonly<Record<string, LoggedModelStatus>> = {
  LOGGED_MODEL_PENDING: "PENDING",
  LOGGED_MODEL_READY: "READY",
  LOGGED_MODEL_UPLOAD_FAILED: "FAILED",
};

const modelMetric = point.extend({
  run_id: z.string().optional(),
  dataset_name: z.string().optional(),
  dataset_digest: z.string().optional(),
});

export const loggedModelAnswer = z
  .object({
    info: z.object({
      model_id: z.string(),
      name: text,
      experiment_id: z.string(),
      source_run_id: z.string().optional(),
      model_type: z.string().optional(),
      artifact_uri: text,
      status: z.string().default("LOGGED_MODEL_PENDING"),
      status_message: z.string().optional(),
      creation_timestamp_ms: integer.default(0),
      last_updated_timestamp_ms: integer.default(0),
      tags: pairs,
    }),
    data: z.object({ params: pairs, metrics: listOf(modelMetric) }).prefault({}),
  })
  .transform(
    ({ info, data }) =>
      ({
        id: info.model_id,
        name: info.name,
        experimentId: info.experiment_id,
        ...presentText({
          sourceRunId: info.source_run_id,
          modelType: info.model_type,
          statusMessage: info.status_message,
        }),
        artifactLocation: info.artifact_uri,
        status: MODEL_STATUSES[info.status] ?? "PENDING",
        creationTime: info.creation_timestamp_ms,
        lastUpdateTime: info.last_updated_timestamp_ms,
        params: data.params,
        tags: info.tags,
        metrics: latestOfEach(data.metrics)
          .map(({ run_id: runId, dataset_name: datasetName, dataset_digest: datasetDigest, ...metric }) => ({
            ...metric,
            ...presentText({ runId, datasetName, datasetDigest }),
          }))
          .sort(byMetric),
      }) satisfies LoggedModel,
  );

/** A server answers every value that was ever measured on a model. */
function latestOfEach(metrics: readonly z.output<typeof modelMetric>[]): z.output<typeof modelMetric>[] {
  const latest = new Map<string, z.output<typeof modelMetric>>();
  for (const metric of metrics) {
    const id = JSON.stringify([metric.key, metric.dataset_name, metric.dataset_digest]);
    const known = latest.get(id);
    if (known === undefined || isLaterPoint(metric, known)) latest.set(id, metric);
  }
  return [...latest.values()];
}

/** A list of entities and where it goes on. */
export const pageAnswer = <T extends z.ZodType>(name: string, entity: T) =>
  z.object({ [name]: listOf(entity), next_page_token: z.string().optional() }).transform((page) => ({
    items: page[name] as z.output<T>[],
    ...presentText({ nextPageToken: page.next_page_token as string | undefined }),
  }));

/** The one field of an answer that holds an entity. */
export const fieldAnswer = <T extends z.ZodType>(name: string, entity: T) =>
  z.object({ [name]: entity }).transform((answer) => answer[name] as z.output<T>);

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Only what is there. */
function present<T extends Readonly<Record<string, unknown>>>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** The same, where the server says nothing by an empty text. */
const presentText = <T extends Readonly<Record<string, string | undefined>>>(values: T): Present<T> =>
  present(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""))) as Present<T>;
