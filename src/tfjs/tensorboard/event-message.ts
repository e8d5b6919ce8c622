import { LONGEST_VARINT_BYTES, lengthVarintBytes, writeVarint } from "./varint.ts";

// The first byte of a field of a protobuf message: its number, times eight, plus how its value is written.
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** `Event` of tensorflow/core/util/event.proto. */
const EVENT_WALL_TIME = (1 << 3) | FIXED_64;
const EVENT_STEP = (2 << 3) | VARINT;
const EVENT_FILE_VERSION = (3 << 3) | LENGTH_DELIMITED;
const EVENT_SUMMARY = (5 << 3) | LENGTH_DELIMITED;
/** `Summary` and `Summary.Value` of tensorflow/core/framework/summary.proto. */
const SUMMARY_VALUE = (1 << 3) | LENGTH_DELIMITED;
const VALUE_TAG = (1 << 3) | LENGTH_DELIMITED;
const VALUE_SIMPLE_VALUE = (2 << 3) | FIXED_32;

/** Readers take a file that begins with anything else for one of another, older format. */
const FILE_VERSION = "brain.Event:2";

const SIMPLE_VALUE_FIELD_BYTES = 1 + 4;
const MOST_BYTES_A_CODE_UNIT = 3;
const FIELD_BYTES = 1 + LONGEST_VARINT_BYTES;
// Wall time, step, summary, value, tag and simple value; a few bytes too many do no harm.
const SCALAR_EVENT_BYTES = 6 * FIELD_BYTES;

/** No event of a scalar with this tag is longer. */
export function mostScalarEventBytes(tag: string): number {
  return SCALAR_EVENT_BYTES + MOST_BYTES_A_CODE_UNIT * tag.length;
}

/**
 * Writes the event with which a file begins.
 *
 * @returns where it ends
 */
export function writeVersionEvent(buffer: Buffer, start: number, wallTimeS: number): number {
  const at = writeWallTime(buffer, start, wallTimeS);
  return writeText(buffer, at, EVENT_FILE_VERSION, FILE_VERSION, FILE_VERSION.length);
}

/**
 * Writes an event with a single scalar.
 *
 * The value is a `simple_value`, a float32: the one form that all of TensorBoard's readers take for a scalar. Its default reader
 * has float32 only and refuses a tensor of doubles, and `EventAccumulator.Scalars()` lists no tensors. A plugin's name is not
 * needed: readers add "scalars" themselves.
 *
 * @param step - A safe integer.
 * @param wallTimeS - Seconds since 1970.
 * @returns where it ends, {@link mostScalarEventBytes} later at most
 */
export function writeScalarEvent(
  buffer: Buffer,
  start: number,
  tag: string,
  value: number,
  step: number,
  wallTimeS: number,
): number {
  const tagBytes = Buffer.byteLength(tag);
  const valueBytes = 1 + lengthVarintBytes(tagBytes) + tagBytes + SIMPLE_VALUE_FIELD_BYTES;
  const summaryBytes = 1 + lengthVarintBytes(valueBytes) + valueBytes;
  let at = writeWallTime(buffer, start, wallTimeS);
  buffer[at++] = EVENT_STEP;
  at = writeVarint(buffer, at, step);
  buffer[at++] = EVENT_SUMMARY;
  at = writeVarint(buffer, at, summaryBytes);
  buffer[at++] = SUMMARY_VALUE;
  at = writeVarint(buffer, at, valueBytes);
  at = writeText(buffer, at, VALUE_TAG, tag, tagBytes);
  buffer[at++] = VALUE_SIMPLE_VALUE;
  return buffer.writeFloatLE(value, at);
}

function writeWallTime(buffer: Buffer, start: number, wallTimeS: number): number {
  buffer[start] = EVENT_WALL_TIME;
  return buffer.writeDoubleLE(wallTimeS, start + 1);
}

function writeText(buffer: Buffer, start: number, field: number, text: string, textBytes: number): number {
  buffer[start] = field;
  const at = writeVarint(buffer, start + 1, textBytes);
  return at + buffer.write(text, at);
}
