import { setImmediate as nextTurn } from "node:timers/promises";
import type { Batch, Series } from "../../contract/batch.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { PARQUET_TYPE } from "./compaction.ts";
import { MOST_SEGMENT_ROWS } from "./hand-over.ts";
import { type MetricsPlace, segmentsPrefix } from "./live-files.ts";
import { sliceColumns } from "./metric-rows.ts";
import { segmentName } from "./segment-name.ts";
import { sortRows } from "./sort-rows.ts";
import { writeFile } from "./write-file.ts";

/** A segment is cut here. */
export const MOST_SEGMENT_BYTES = 256 << 10;

interface Encoded {
  readonly bytes: Uint8Array;
  /** Its name without the sequence number. */
  readonly nameOf: (sequence: number) => string;
}

/** Writes the segments of one writer, one after the other. */
export class SegmentWriter {
  readonly #place: MetricsPlace;
  readonly #writer: string;
  #sequence = 0;
  /** What this call, and calls before it that failed, have brought to the bucket. */
  #landed: Uint8Array[] = [];
  /** The segment at which one failed: it may be there, or come late. */
  #doubtful: { readonly bytes: Uint8Array; readonly sequence: number } | undefined;

  /** @param writer - Nobody else's, in no other process and in no other moment. */
  constructor(place: MetricsPlace, writer: string) {
    this.#place = place;
    this.#writer = writer;
  }

  /**
   * Writes values as one segment, or several where they are many. They are in the bucket when this settles. A call that failed may be repeated:
   * what had got there all the same is known again by its number.
   *
   * @returns how many segments that were
   */
  async write(columns: Batch["metrics"], series: readonly Series[], options: S3RequestOptions): Promise<number> {
    const earlier = this.#landed;
    let count = 0;
    let putting: Promise<void> = Promise.resolve();
    try {
      for await (const segment of this.#encoded(columns, series)) {
        // The next is encoded meanwhile, but not sent: a number that is in the bucket says that all below it are.
        await putting;
        putting = this.#bring(segment, earlier, options);
        // It is awaited, but maybe not at once.
        putting.catch(() => {});
        count++;
      }
    } finally {
      await putting;
    }
    this.#landed = [];
    return count;
  }

  /** @param earlier - What calls that failed have brought. */
  async #bring({ bytes, nameOf }: Encoded, earlier: readonly Uint8Array[], options: S3RequestOptions): Promise<void> {
    if (earlier.some((landed) => Buffer.compare(landed, bytes) === 0)) return;
    // Another segment than the doubtful one takes the next number: the doubtful one is given up, and its values come again.
    const doubtful = this.#doubtful;
    const isKnown = doubtful !== undefined && Buffer.compare(doubtful.bytes, bytes) === 0;
    const sequence = isKnown ? doubtful.sequence : ++this.#sequence;
    this.#doubtful = { bytes, sequence };
    const { client, prefix } = this.#place;
    const key = segmentsPrefix(prefix) + nameOf(sequence);
    const headers = { "content-type": PARQUET_TYPE };
    // The key is this writer's alone: where something has it already, that was an earlier try.
    await client.putIf(key, bytes, { ifAbsent: true }, { ...options, headers });
    this.#doubtful = undefined;
    this.#landed = [...this.#landed, bytes];
  }

  async *#encoded(
    columns: Batch["metrics"],
    series: readonly Series[],
    mostRows = MOST_SEGMENT_ROWS,
  ): AsyncGenerator<Encoded> {
    for (let from = 0; from < columns.length; from += mostRows) {
      // The one before is to be on its way before the thread is taken for the next one.
      if (from > 0) await nextTurn();
      const part = sliceColumns(columns, from, Math.min(columns.length, from + mostRows));
      const rows = sortRows({ series, columns: part });
      // A socket takes a body in pieces: the rest goes now, and not after a whole segment has been encoded.
      if (from > 0) await nextTurn();
      const bytes = await writeFile(rows, { runId: this.#place.runId, isCompacted: false });
      if (bytes.length > MOST_SEGMENT_BYTES && part.length > 1)
        yield* this.#encoded(part, series, Math.ceil(part.length / 2));
      else yield { bytes, nameOf: (sequence) => segmentName(this.#writer, sequence, rows.columns) };
    }
  }
}
