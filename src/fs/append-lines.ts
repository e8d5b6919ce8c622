import { fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { TidemarkError } from "../base/errors.ts";

/** How an append went. `lines` are in the file whole; without an error they are all of them. */
export interface Appended {
  readonly lines: number;
  readonly error?: unknown;
  /** The file ends with a part of a line that could not be cut away. */
  readonly leftTorn?: boolean;
  /** Pointless before this. */
  readonly retryAfterMs?: number;
}

/** The calls an append makes, so that tests can play a full disk. */
export interface AppendCalls {
  writeText(descriptor: number, text: string): number;
  write(descriptor: number, bytes: Uint8Array, offset: number, length: number): number;
}

const SYSTEM: AppendCalls = {
  // latin1 is the fastest way into a file for a string of V8, and the same as UTF-8 for ASCII.
  writeText: (descriptor, text) => writeSync(descriptor, text, null, "latin1"),
  write: (descriptor, bytes, offset, length) => writeSync(descriptor, bytes, offset, length),
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII
const ASCII = /^[\u0000-\u007f]*$/;

/** True where a text may be handed to {@link appendLines} as ASCII. */
export const isAscii = (text: string): boolean => ASCII.test(text);

/**
 * Appends whole lines to a file opened with O_APPEND, in one call of the system, so that lines of several writers don't mix.
 * A disk that takes only a part keeps only whole lines.
 */
export function appendLines(
  descriptor: number,
  text: string,
  lineCount: number,
  ascii: boolean,
  calls: AppendCalls = SYSTEM,
): Appended {
  let written: number;
  let bytes: Buffer | undefined;
  try {
    if (ascii) {
      written = calls.writeText(descriptor, text);
      if (written === text.length) return { lines: lineCount };
    } else {
      bytes = Buffer.from(text);
      written = calls.write(descriptor, bytes, 0, bytes.length);
    }
  } catch (error) {
    return { lines: 0, error };
  }
  return finish(descriptor, bytes ?? Buffer.from(text, "latin1"), written, calls);
}

const NEWLINE = 0x0a;

/** After a short write: cuts the torn line, then goes on with it, until the disk takes all or says why it does not. */
function finish(descriptor: number, bytes: Buffer, written: number, calls: AppendCalls): Appended {
  let start = 0;
  let done = written;
  for (;;) {
    const whole = done > start ? bytes.lastIndexOf(NEWLINE, done - 1) + 1 : start;
    if (whole < done && !cutFragment(descriptor, bytes.subarray(whole, done))) {
      return { lines: countLines(bytes, whole), error: noRoom(), leftTorn: true };
    }
    if (whole === bytes.length) return { lines: countLines(bytes, whole) };
    // A disk that takes less than a line at a time would be asked for ever.
    if (whole === start && done > start) return { lines: countLines(bytes, whole), error: noRoom() };
    start = whole;
    try {
      done = start + calls.write(descriptor, bytes, start, bytes.length - start);
    } catch (error) {
      return { lines: countLines(bytes, start), error };
    }
    if (done === start) return { lines: countLines(bytes, start), error: noRoom() };
  }
}

const noRoom = () => new TidemarkError("STORAGE_FULL", "the disk takes no whole line any more");

/** Removes our own torn line, unless something stands behind it by now. */
function cutFragment(descriptor: number, fragment: Uint8Array): boolean {
  try {
    const { size } = fstatSync(descriptor);
    const start = size - fragment.length;
    if (start < 0) return false;
    const tail = Buffer.alloc(fragment.length);
    readSync(descriptor, tail, 0, tail.length, start);
    if (!tail.equals(fragment)) return false;
    ftruncateSync(descriptor, start);
    return true;
  } catch {
    return false;
  }
}

function countLines(bytes: Uint8Array, end: number): number {
  let lines = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === NEWLINE) lines++;
  return lines;
}
