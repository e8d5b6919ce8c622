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

/** Where everything of a batch is that is not among some positions. */
export const otherPositions = (
  { metrics, params, tags, inputs, marks = [] }: Batch,
  taken: BatchPositions,
): BatchPositions => ({
  metrics: others(metrics.length, taken.metrics),
  params: others(params.length, taken.params),
  tags: others(tags.length, taken.tags),
  inputs: others(inputs.length, taken.inputs),
  marks: others(marks.length, taken.marks ?? []),
});

function others(count: number, taken: ArrayLike<number>): number[] {
  const left = firstPositions(count);
  if (taken.length === 0) return left;
  const gone = new Set(Array.from(taken));
  return left.filter((position) => !gone.has(position));
}
