import { createHash } from "node:crypto";
import type { Batch, Series } from "../../contract/batch.ts";
import type { S3RequestOptions } from "../client.ts";
import { PARQUET_TYPE } from "./compaction.ts";
import { type MetricsPlace, segmentsPrefix } from "./live-files.ts";
import { sliceColumns } from "./metric-rows.ts";
import { segmentName } from "./segment-name.ts";
import { sortRows } from "./sort-rows.ts";
import { writeFile } from "./write-file.ts";

/** A segment is cut here. */
export const MOST_SEGMENT_BYTES = 256 << 10;
/** So many rows usually fit: about six bytes each. */
const MOST_ROWS = 32_768;

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
  /** By digest: segments of a call that failed, which may be there all the same, with their numbers. */
  #doubtful: ReadonlyMap<string, number> = new Map();

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
    const before = this.#doubtful;
    const doubtful = new Map<string, number>();
    this.#doubtful = doubtful;
    let latest = 0;
    let putting: Promise<void> = Promise.resolve();
    try {
      for await (const { bytes, nameOf } of this.#encoded(columns, series)) {
        // One after the other: a number that is there says that there is nothing to come below it. The next is encoded meanwhile.
        await putting;
        const digest = createHash("sha256").update(bytes).digest("hex");
        const again = before.get(digest) ?? 0;
        latest = again > latest ? again : ++this.#sequence;
        doubtful.set(digest, latest);
        putting = this.#put(nameOf(latest), bytes, options);
        // It is awaited, but maybe not at once.
        putting.catch(() => {});
      }
    } finally {
      await putting;
    }
    this.#doubtful = new Map();
    return doubtful.size;
  }

  /** The name is this writer's alone: where something has it already, that was an earlier try. */
  async #put(name: string, bytes: Uint8Array, options: S3RequestOptions): Promise<void> {
    const { client, prefix } = this.#place;
    const headers = { "content-type": PARQUET_TYPE };
    await client.putIf(segmentsPrefix(prefix) + name, bytes, { ifAbsent: true }, { ...options, headers });
  }

  async *#encoded(columns: Batch["metrics"], series: readonly Series[], mostRows = MOST_ROWS): AsyncGenerator<Encoded> {
    for (let from = 0; from < columns.length; from += mostRows) {
      const part = sliceColumns(columns, from, Math.min(columns.length, from + mostRows));
      const rows = sortRows({ series, columns: part });
      const bytes = await writeFile(rows, { runId: this.#place.runId, isCompacted: false });
      if (bytes.length > MOST_SEGMENT_BYTES && part.length > 1)
        yield* this.#encoded(part, series, Math.ceil(part.length / 2));
      else yield { bytes, nameOf: (sequence) => segmentName(this.#writer, sequence, rows.columns) };
    }
  }
}
