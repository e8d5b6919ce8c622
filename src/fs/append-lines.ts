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

/** The call an append makes, so that tests can play a full disk. */
export type WriteCall = (descriptor: number, bytes: Uint8Array, offset: number, length: number) => number;

/**
 * Appends whole lines to a file opened with O_APPEND, in one call of the system, so that lines of several writers don't mix.
 * After a short write it cuts the torn line and goes on with it, until the disk takes all or says why it does not.
 */
export function appendLines(
  descriptor: number,
  bytes: Buffer,
  lineCount: number,
  write: WriteCall = writeSync,
): Appended {
  for (let start = 0; ; ) {
    let done: number;
    try {
      done = start + write(descriptor, bytes, start, bytes.length - start);
    } catch (error) {
      return { lines: countLines(bytes, start), error };
    }
    if (done === bytes.length) return { lines: lineCount };
    const whole = done > start ? bytes.lastIndexOf(NEWLINE, done - 1) + 1 : start;
    if (whole < done && !cutFragment(descriptor, bytes.subarray(whole, done))) {
      return { lines: countLines(bytes, whole), error: noRoom(), leftTorn: true };
    }
    // A disk that takes less than a line at a time would be asked for ever.
    if (whole === start) return { lines: countLines(bytes, whole), error: noRoom() };
    start = whole;
  }
}

const NEWLINE = 0x0a;

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

/** Lines in the first `end` bytes. */
export function countLines(bytes: Buffer, end = bytes.length): number {
  let lines = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === NEWLINE) lines++;
  return lines;
}
