import type { Batch, BatchPositions } from "./batch.ts";

/** The positions from 0 up to a count. */
export const firstPositions = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Where everything of a batch is. */
export const allPositions = ({ metrics, params, tags, inputs, marks = [] }: Batch): BatchPositions => ({
  metrics: firstPositions(metrics.length),
  params: firstPositions(params.length),
  tags: firstPositions(tags.length),
  inputs: firstPositions(inputs.length),
  marks: firstPositions(marks.length),
});
