import { z } from "zod";
import type { Metric } from "../../schema/metric.ts";
import type { ModelMetric } from "../../schema/model.ts";

// JSON has no NaN, no infinities and no -0: such values are texts.
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

const storedValue = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity", "-0"])]);

const storedMetricSchema = z.object({
  key: z.string(),
  value: storedValue,
  /** Milliseconds since 1970. */
  timestamp: z.number(),
  step: z.number(),
});
/** A point of a metric as JSON can hold it. */
export type StoredMetric = z.infer<typeof storedMetricSchema>;

/** Some of them. They are looked at and not copied: an index has a hundred thousand. */
export const storedMetrics = z.custom<readonly StoredMetric[]>(
  (value) => Array.isArray(value) && value.every(isStoredMetric),
  { error: "is no list of metrics" },
);

function isStoredMetric(json: unknown): json is StoredMetric {
  if (typeof json !== "object" || json === null) return false;
  const { key, value, timestamp, step } = json as Partial<Record<keyof StoredMetric, unknown>>;
  return typeof key === "string" && isStoredValue(value) && typeof timestamp === "number" && typeof step === "number";
}

export const isStoredValue = (value: unknown): value is StoredMetric["value"] =>
  typeof value === "number" || (typeof value === "string" && SPECIAL.has(value));

export const storedModelMetricSchema = storedMetricSchema.extend({
  runId: z.string().optional(),
  datasetName: z.string().optional(),
  datasetDigest: z.string().optional(),
});
export type StoredModelMetric = z.infer<typeof storedModelMetricSchema>;

type Stored<T extends Metric> = Omit<T, "value"> & Pick<StoredMetric, "value">;

export const storeMetric = <T extends Metric | ModelMetric>(metric: T): Stored<T> => ({
  ...metric,
  value: storeValue(metric.value),
});

export const metricOf = <T extends StoredMetric>(stored: T): Omit<T, "value"> & { value: number } => ({
  ...stored,
  value: metricValue(stored),
});

export const metricValue = ({ value }: Pick<StoredMetric, "value">): number =>
  typeof value === "number" ? value : (SPECIAL.get(value) as number);

function storeValue(value: number): StoredMetric["value"] {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return (Object.is(value, -0) ? "-0" : String(value)) as StoredMetric["value"];
}
