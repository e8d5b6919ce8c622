import { z } from "zod";
import { isLaterPoint } from "../../base/point-order.ts";
import { byMetric, type LoggedModel, loggedModelStatusSchema, type ModelMetric } from "../../schema/model.ts";
import { type Content, headFields } from "./heads.ts";
import { loggedModelArtifacts } from "./layout.ts";
import { metricOf, storedModelMetricSchema, storeMetric } from "./stored-metric.ts";
import { textRecord } from "./text-record.ts";

export const loggedModelHeadSchema = z.object({
  ...headFields,
  id: z.string(),
  name: z.string(),
  experimentId: z.string(),
  sourceRunId: z.string().optional(),
  modelType: z.string().optional(),
  /** Absent: in the store. */
  artifactLocation: z.string().optional(),
  status: loggedModelStatusSchema,
  /** Milliseconds since 1970. */
  creationTime: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  lastUpdateTime: z.int().nonnegative(),
  params: textRecord,
  tags: textRecord,
  /** The latest value of each metric and dataset. */
  metrics: z.array(storedModelMetricSchema),
  isGone: z.literal(true).optional(),
});
export type LoggedModelHead = z.infer<typeof loggedModelHeadSchema>;
export type LoggedModelContent = Content<LoggedModelHead>;

/** @param uri - Of the store. */
export function loggedModelEntity(head: LoggedModelContent, uri: string): LoggedModel {
  const { id, name, experimentId, sourceRunId, modelType, artifactLocation, status } = head;
  const { creationTime, lastUpdateTime, params, tags, metrics } = head;
  return {
    id,
    name,
    experimentId,
    ...(sourceRunId === undefined ? {} : { sourceRunId }),
    ...(modelType === undefined ? {} : { modelType }),
    artifactLocation: artifactLocation ?? `${uri}/${loggedModelArtifacts(id)}`,
    status,
    creationTime,
    lastUpdateTime,
    params: { ...params },
    tags: { ...tags },
    metrics: metrics.map((metric) => metricOf(metric) as ModelMetric).sort(byMetric),
  };
}

/** With values that were measured on it, where they are later than what is known. */
export function withMetrics(head: LoggedModelContent, values: readonly ModelMetric[]): LoggedModelContent {
  const latest = new Map(head.metrics.map((stored) => [placeOf(stored), metricOf(stored) as ModelMetric]));
  let isChanged = false;
  for (const value of values) {
    const known = latest.get(placeOf(value));
    if (known !== undefined && !isLaterPoint(value, known)) continue;
    latest.set(placeOf(value), value);
    isChanged = true;
  }
  if (!isChanged) return head;
  return { ...head, metrics: [...latest.values()].sort(byMetric).map(storeMetric), lastUpdateTime: Date.now() };
}

const placeOf = ({ key, datasetName, datasetDigest }: Omit<ModelMetric, "value" | "step" | "timestamp">): string =>
  JSON.stringify([key, datasetName, datasetDigest]);
