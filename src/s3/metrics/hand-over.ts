import type { SinkLimits } from "../../contract/metric-sink.ts";

const SHORTEST_MS = 5_000;
const LONGEST_MS = 30_000;
/** A run is seen by others as late as a tenth of its age, at most. */
const PART_OF_AGE = 0.1;

/**
 * How old values may get before they go to the bucket, by the age of their run: five seconds for a young one, half a minute from its fifth
 * minute on. Every hand-over is a request that costs money: an hour is 138 of them, and 720 if it stayed at five seconds.
 */
export const handOverIntervalMs = (ageMs: number): number =>
  Math.min(LONGEST_MS, Math.max(SHORTEST_MS, PART_OF_AGE * ageMs));

/** Rows of a segment of 256 KiB, nearly always: a training that logs fast shall not pay for one request after the other. */
export const MOST_SEGMENT_ROWS = 32_768;

/** What a bucket asks of the queue before it. */
export const S3_SINK_LIMITS: SinkLimits = { flushIntervalMs: handOverIntervalMs, maxBatchValues: MOST_SEGMENT_ROWS };
