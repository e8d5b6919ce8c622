import { z } from "zod";
import { keyOf, timestampMs } from "./text.ts";

/** Any number: MLflow's metrics may be NaN and infinite. `z.number()` refuses both. */
export const metricValueSchema = z.custom<number>((value) => typeof value === "number", { error: "is not a number" });

export const stepSchema = z.int();

export const metricSchema = z.strictObject({
  key: keyOf("metric"),
  /** float64; NaN and the infinities are values like any other. */
  value: metricValueSchema,
  /** Milliseconds since 1970. */
  timestamp: timestampMs,
  /** Position in the training, a safe integer; may be negative. */
  step: stepSchema,
});
/** One point of a metric. @interface */
export type Metric = z.infer<typeof metricSchema>;

/**
 * The whole history of one metric as columns of equal length, ordered by step, then timestamp, then as logged where the
 * backend knows.
 */
export interface MetricHistory {
  readonly steps: Float64Array;
  /** Milliseconds since 1970. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}
