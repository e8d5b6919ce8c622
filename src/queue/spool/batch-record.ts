import { crc32 } from "node:zlib";
import type { Batch, Series } from "../../contract/batch.ts";

/** Before every payload: its length and its CRC-32, four bytes each, little-endian. */
export const RECORD_HEADER_BYTES = 8;
/** No record is longer: a length beyond it is damage, not a reason to allocate. */
const LONGEST_PAYLOAD_BYTES = 256 * 1024 * 1024;

// The counts of texts and of values stand before both.
const COUNTS_BYTES = 8;
const BYTES_A_VALUE = 28;

/** What is not numbers. Series come once: `from` is the index of the first. */
interface Texts {
  readonly from?: number;
  readonly series?: readonly Series[];
  readonly params?: Batch["params"];
  readonly tags?: Batch["tags"];
  readonly inputs?: Batch["inputs"];
  readonly marks?: Batch["marks"];
}

/**
 * A batch as bytes: length, CRC, then the number of bytes of JSON and of values, the JSON, and the columns one after the other
 * (series, values, timestamps, steps; little-endian). About 44 bytes for a single value, 28 for each of many.
 *
 * @param knownSeries - How many series the reader has met before.
 */
export function encodeBatch(batch: Batch, knownSeries: number): Buffer {
  const { metrics, series, params, tags, inputs, marks = [] } = batch;
  const texts: Texts = {
    ...(series.length > knownSeries ? { from: knownSeries, series: series.slice(knownSeries) } : {}),
    ...(params.length > 0 ? { params } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(inputs.length > 0 ? { inputs } : {}),
    ...(marks.length > 0 ? { marks } : {}),
  };
  const json = Object.keys(texts).length === 0 ? "" : JSON.stringify(texts);
  const jsonBytes = Buffer.byteLength(json);
  const count = metrics.length;
  const payloadBytes = COUNTS_BYTES + jsonBytes + BYTES_A_VALUE * count;
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payloadBytes);
  record.writeUInt32LE(payloadBytes, 0);
  record.writeUInt32LE(jsonBytes, RECORD_HEADER_BYTES);
  record.writeUInt32LE(count, RECORD_HEADER_BYTES + 4);
  let at = RECORD_HEADER_BYTES + COUNTS_BYTES;
  at += record.write(json, at);
  for (const column of [metrics.seriesIds, metrics.values, metrics.timestamps, metrics.steps]) {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, count * column.BYTES_PER_ELEMENT);
    record.set(bytes, at);
    at += bytes.length;
  }
  record.writeUInt32LE(crc32(record.subarray(RECORD_HEADER_BYTES)), 4);
  return record;
}

/** The length of the payload behind a header; `undefined` where there is no header. */
export function payloadLength(header: Uint8Array): number | undefined {
  if (header.length < RECORD_HEADER_BYTES) return undefined;
  const length = viewOf(header).getUint32(0, true);
  return length >= COUNTS_BYTES && length <= LONGEST_PAYLOAD_BYTES ? length : undefined;
}

/**
 * Reads a record, and adds to the series the ones it brings.
 *
 * @returns `undefined` for anything that {@link encodeBatch} has not written
 */
export function decodeBatch(record: Uint8Array, series: Series[]): Batch | undefined {
  const length = payloadLength(record);
  if (length === undefined || record.length < RECORD_HEADER_BYTES + length) return undefined;
  const payload = record.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + length);
  if (crc32(payload) !== viewOf(record).getUint32(4, true)) return undefined;
  const view = viewOf(payload);
  const jsonBytes = view.getUint32(0, true);
  const count = view.getUint32(4, true);
  if (COUNTS_BYTES + jsonBytes + BYTES_A_VALUE * count !== length) return undefined;
  const texts = readTexts(payload.subarray(COUNTS_BYTES, COUNTS_BYTES + jsonBytes));
  (texts.series ?? []).forEach((each, index) => {
    series[(texts.from ?? 0) + index] ??= each;
  });
  let at = COUNTS_BYTES + jsonBytes;
  const column = <T extends Uint32Array | Float64Array>(values: T): T => {
    new Uint8Array(values.buffer).set(payload.subarray(at, at + values.byteLength));
    at += values.byteLength;
    return values;
  };
  return {
    series,
    metrics: {
      length: count,
      seriesIds: column(new Uint32Array(count)),
      values: column(new Float64Array(count)),
      timestamps: column(new Float64Array(count)),
      steps: column(new Float64Array(count)),
    },
    params: texts.params ?? [],
    tags: texts.tags ?? [],
    inputs: texts.inputs ?? [],
    ...(texts.marks === undefined ? {} : { marks: texts.marks }),
  };
}

const readTexts = (bytes: Uint8Array): Texts =>
  bytes.length === 0 ? {} : (JSON.parse(Buffer.from(bytes).toString()) as Texts);

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);
