import type { MetricColumns } from "../../contract/batch.ts";

/** What the name of a segment tells. */
export interface SegmentName {
  readonly writer: string;
  /** Counts a writer's segments, from 1. */
  readonly sequence: number;
  /** How many rows it has. */
  readonly rowCount: number;
}

const SEGMENT = /^([\w-]{1,80})\/(\d{8,15})-(-?\d{1,16})-(-?\d{1,16})-(\d{1,9})\.parquet$/;

/** `<writer>/<sequence>-<least step>-<greatest step>-<rows>.parquet`, below `seg/`. */
export function segmentName(writer: string, sequence: number, { length, steps }: MetricColumns): string {
  let least = steps[0] as number;
  let greatest = least;
  for (let i = 1; i < length; i++) {
    const step = steps[i] as number;
    if (step < least) least = step;
    if (step > greatest) greatest = step;
  }
  return `${writer}/${String(sequence).padStart(8, "0")}-${least}-${greatest}-${length}.parquet`;
}

/** `undefined` for what is no segment: others may have put something there. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, writer, sequence, , , rowCount] = SEGMENT.exec(name) ?? [];
  if (writer === undefined) return undefined;
  return { writer, sequence: Number(sequence), rowCount: Number(rowCount) };
}
