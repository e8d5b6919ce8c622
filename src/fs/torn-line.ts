import { fstatSync, ftruncateSync, readSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { describe } from "../base/errors.ts";

/** A file that was written to in this time may have a live writer in the middle of a line. */
const WRITER_MAY_LIVE_MS = 2_000;
const NEWLINE = 0x0a;
const BLOCK_BYTES = 65_536;
const MOST_SHOWN_BYTES = 200;

/**
 * Makes a file end with a whole line before something is appended to it: cuts what a power cut or a full disk left behind the
 * last newline. Answers how long to wait first where a writer may still be busy with it.
 */
export function repairTail(descriptor: number, path: string): number | undefined {
  const { size, mtimeMs } = fstatSync(descriptor);
  if (size === 0) return undefined;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return undefined;
  const ageMs = Date.now() - mtimeMs;
  // Files come from the future where a clock was set back, and by less than a millisecond always.
  if (Math.abs(ageMs) < WRITER_MAY_LIVE_MS) return Math.ceil(WRITER_MAY_LIVE_MS - Math.max(ageMs, 0));
  const end = endOfLastLine(descriptor, size);
  const torn = Buffer.alloc(Math.min(MOST_SHOWN_BYTES, size - end));
  readSync(descriptor, torn, 0, torn.length, end);
  ftruncateSync(descriptor, end);
  const count = size - end;
  warnOnce(`torn:${path}`, `${path} ended with a torn line; its ${count} bytes were cut: ${describe(torn.toString())}`);
  return undefined;
}

function endOfLastLine(descriptor: number, size: number): number {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const length = readSync(descriptor, block, 0, end - start, start);
    const newline = block.subarray(0, length).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
