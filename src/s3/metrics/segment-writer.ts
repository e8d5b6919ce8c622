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
const MOST_SEGMENT_ROWS = 32_768;

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
    const doubtful = new Map<string, number>();
    const encoded = await this.#encode(columns, series);
    const numbered = encoded.map((segment) => {
      const digest = createHash("sha256").update(segment.bytes).digest("hex");
      const sequence = this.#doubtful.get(digest) ?? ++this.#sequence;
      doubtful.set(digest, sequence);
      return { ...segment, sequence };
    });
    this.#doubtful = doubtful;
    for (const { bytes, nameOf, sequence } of numbered) await this.#put(nameOf(sequence), bytes, options);
    this.#doubtful = new Map();
    return numbered.length;
  }

  /** The name is this writer's alone: where something has it already, that was an earlier try. */
  async #put(name: string, bytes: Uint8Array, options: S3RequestOptions): Promise<void> {
    const { client, prefix } = this.#place;
    const headers = { "content-type": PARQUET_TYPE };
    await client.putIf(segmentsPrefix(prefix) + name, bytes, { ifAbsent: true }, { ...options, headers });
  }

  async #encode(columns: Batch["metrics"], series: readonly Series[]): Promise<Encoded[]> {
    if (columns.length === 0) return [];
    if (columns.length > MOST_SEGMENT_ROWS) return await this.#encodeParts(columns, series, MOST_SEGMENT_ROWS);
    const rows = sortRows({ series, columns });
    const bytes = await writeFile(rows, { runId: this.#place.runId, isCompacted: false });
    if (bytes.length > MOST_SEGMENT_BYTES && columns.length > 1)
      return await this.#encodeParts(columns, series, Math.ceil(columns.length / 2));
    return [{ bytes, nameOf: (sequence) => segmentName(this.#writer, sequence, rows.columns) }];
  }

  async #encodeParts(columns: Batch["metrics"], series: readonly Series[], rowCount: number): Promise<Encoded[]> {
    const parts: Encoded[] = [];
    for (let from = 0; from < columns.length; from += rowCount) {
      const part = sliceColumns(columns, from, Math.min(columns.length, from + rowCount));
      parts.push(...(await this.#encode(part, series)));
    }
    return parts;
  }
}
