import { TidemarkError } from "../../../base/errors.ts";

/** Says what is wrong with bytes that should be a Parquet file of metrics. */
export const damaged = (problem: string, cause?: unknown): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `it ${problem}`, { cause });
