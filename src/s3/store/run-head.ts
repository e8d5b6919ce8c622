import { z } from "zod";
import { noSuchTag, paramChanged } from "../../base/store-errors.ts";
import { byDataset, type DatasetInput, datasetInputSchema } from "../../schema/dataset.ts";
import { RUN_NAME_TAG } from "../../schema/known-tags.ts";
import type { Metric } from "../../schema/metric.ts";
import { byModel, type ModelInput, type ModelOutput } from "../../schema/model-link.ts";
import type { Tag } from "../../schema/param.ts";
import { hasEnded, type RunEntity, runStatusSchema, type UpdateRun } from "../../schema/run.ts";
import type { ExperimentHead } from "./experiment-head.ts";
import { type Content, headFields } from "./heads.ts";
import { runArtifacts } from "./layout.ts";
import { metricOf, storedMetrics } from "./stored-metric.ts";
import { sortedByKey, textRecord, withoutKey, withTexts } from "./text-record.ts";

const inputSchema = datasetInputSchema.extend({ tags: textRecord });

export const runHeadSchema = z.object({
  ...headFields,
  id: z.string(),
  experimentId: z.string(),
  name: z.string(),
  userId: z.string(),
  status: runStatusSchema,
  /** Milliseconds since 1970. */
  startTime: z.number(),
  /** Milliseconds since 1970; absent while the run is open. */
  endTime: z.number().optional(),
  /** How often its experiment had been restored when the run was deleted; absent where it is not. */
  deletedIn: z.int().nonnegative().optional(),
  /** Milliseconds since 1970; absent as `deletedIn` is, and where an older version has deleted the run. */
  deletedTime: z.number().optional(),
  /** Deleted for good: all else that it says means nothing. */
  isGone: z.literal(true).optional(),
  /** Absent: in the store. */
  artifactUri: z.string().optional(),
  params: textRecord,
  tags: textRecord,
  inputs: z.array(inputSchema),
  modelInputs: z.array(z.object({ modelId: z.string() })),
  modelOutputs: z.array(z.object({ modelId: z.string(), step: z.number() })),
  /** The latest value of every metric; absent while values are written, when the segments have them. */
  latestMetrics: storedMetrics.optional(),
});
export type RunHead = z.infer<typeof runHeadSchema>;
export type RunContent = Content<RunHead>;

/** A run is deleted by itself, or with its experiment; whoever restores the experiment restores all its runs. */
export const isDeletedRun = (head: Pick<RunContent, "deletedIn">, experiment: Content<ExperimentHead>): boolean =>
  experiment.lifecycleStage === "deleted" || (head.deletedIn !== undefined && head.deletedIn >= experiment.restores);

export const lifecycleStageOf = (
  head: Pick<RunContent, "deletedIn">,
  experiment: Content<ExperimentHead>,
): RunEntity["lifecycleStage"] => (isDeletedRun(head, experiment) ? "deleted" : "active");

/** When that was; `undefined` where it is not deleted, or nobody has written down when. */
export function deletionTime(head: RunContent, experiment: Content<ExperimentHead>): number | undefined {
  const isItself = head.deletedIn !== undefined && head.deletedIn >= experiment.restores;
  if (isItself) return head.deletedTime;
  return experiment.lifecycleStage === "deleted" ? experiment.lastUpdateTime : undefined;
}

/** What stays of a run that was deleted for good, so that nobody takes it for one whose head is yet to come. */
export const goneRun = ({ id, experimentId, startTime, status }: RunContent): RunContent => ({
  id,
  experimentId,
  name: "",
  userId: "",
  status,
  startTime,
  params: {},
  tags: {},
  inputs: [],
  modelInputs: [],
  modelOutputs: [],
  isGone: true,
});

/** @param latestMetrics - Of the segments, where the head has none. */
export function runEntity(
  head: RunContent,
  experiment: Content<ExperimentHead>,
  uri: string,
  latestMetrics: readonly Metric[],
): RunEntity {
  const { id, experimentId, name, userId, status, startTime, endTime } = head;
  const latest = [...(head.latestMetrics?.map(metricOf) ?? latestMetrics)].sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    id,
    name,
    experimentId,
    userId,
    status,
    startTime,
    ...(endTime === undefined ? {} : { endTime }),
    lifecycleStage: lifecycleStageOf(head, experiment),
    artifactUri: artifactUriOf(head, uri),
    params: sortedByKey(head.params),
    tags: sortedByKey(head.tags),
    metrics: Object.fromEntries(latest.map(({ key, value }) => [key, value])),
    latestMetrics: latest,
    inputs: [...head.inputs].sort(byDataset),
    modelInputs: [...head.modelInputs].sort(byModel),
    modelOutputs: [...head.modelOutputs].sort(byModel),
  };
}

/** @param uri - Of the store. */
export const artifactUriOf = ({ id, artifactUri }: Pick<RunContent, "id" | "artifactUri">, uri: string): string =>
  artifactUri ?? `${uri}/${runArtifacts(id)}`;

export function updated(head: RunContent, { name, status, endTime }: Omit<UpdateRun, "runId">): RunContent {
  const named = name === undefined ? head : withTag(head, { key: RUN_NAME_TAG, value: name });
  const changed = {
    ...named,
    ...(status === undefined ? {} : { status }),
    ...(endTime === undefined ? {} : { endTime }),
  };
  if (status === undefined || hasEnded(status)) return changed;
  return withoutLatest(changed);
}

export function withoutLatest(head: RunContent): RunContent {
  if (head.latestMetrics === undefined) return head;
  const { latestMetrics: _latest, ...rest } = head;
  return rest;
}

export const withTag = (head: RunContent, { key, value }: Tag): RunContent => ({
  ...head,
  ...(key === RUN_NAME_TAG ? { name: value } : {}),
  tags: withTexts(head.tags, [[key, value]]),
});

/** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
export function withoutTag(head: RunContent, key: string): RunContent {
  if (!Object.hasOwn(head.tags, key)) throw noSuchTag(key, `run ${head.id}`);
  return { ...head, tags: withoutKey(head.tags, key) };
}

/** Ended for its process. A run that is not RUNNING any more stays as it is. */
export const reaped = (head: RunHead, endTime: number, tag: Tag): RunContent =>
  head.status === "RUNNING" ? withTag(updated(head, { status: "KILLED", endTime }), tag) : head;

export const isReaped = ({ status, tags }: RunContent, tagKey: string): boolean =>
  status === "KILLED" && Object.hasOwn(tags, tagKey);

/** With that undone. */
export const revived = (head: RunHead, tagKey: string): RunContent =>
  isReaped(head, tagKey) ? updated(withoutTag(head, tagKey), { status: "RUNNING" }) : head;

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where the param has another value already */
export function withParam(head: RunContent, key: string, value: string): RunContent {
  const current = Object.hasOwn(head.params, key) ? head.params[key] : undefined;
  if (current === value) return head;
  if (current !== undefined) throw paramChanged(head.id, key, current, value);
  return { ...head, params: withTexts(head.params, [[key, value]]) };
}

/** A dataset stands in a run once, with the tags of its first use. */
export function withInput(head: RunContent, input: DatasetInput): RunContent {
  const { name, digest } = input.dataset;
  const isThere = head.inputs.some(({ dataset }) => dataset.name === name && dataset.digest === digest);
  return isThere ? head : { ...head, inputs: [...head.inputs, input] };
}

export function withModelInputs(head: RunContent, models: readonly ModelInput[]): RunContent {
  const known = new Set(head.modelInputs.map(({ modelId }) => modelId));
  const added = models.filter(({ modelId }) => !known.has(modelId) && known.add(modelId));
  return added.length === 0
    ? head
    : { ...head, modelInputs: [...head.modelInputs, ...added.map(({ modelId }) => ({ modelId }))] };
}

export function withModelOutputs(head: RunContent, models: readonly ModelOutput[]): RunContent {
  const known = new Set(head.modelOutputs.map(({ modelId }) => modelId));
  const added = models.filter(({ modelId }) => !known.has(modelId) && known.add(modelId));
  return added.length === 0
    ? head
    : { ...head, modelOutputs: [...head.modelOutputs, ...added.map(({ modelId, step }) => ({ modelId, step }))] };
}
