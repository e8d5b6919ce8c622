import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { writeFully } from "../disk/atomic-file.ts";

const BLOCK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** What came of copying a part of a metric file. */
export interface CutFile {
  readonly keptBytes: number;
  /** For each offset that was asked about, how many of the kept bytes stand before it. */
  readonly offsets: readonly number[];
}

/**
 * Copies the lines of a metric file that are to stay. What is behind the last newline is no line, and stays only where all does.
 *
 * @param isKept - Told the line without its newline, and where it ends in the source, newline included.
 * @param offsets - Places in the source, ascending.
 */
export function copyLines(
  source: string,
  target: string,
  isKept: (line: Buffer, end: number) => boolean,
  offsets: readonly number[] = [],
): CutFile {
  // First, because its directory may be missing.
  const to = openSync(target, "wx");
  let from: number | undefined;
  try {
    from = openSync(source, "r");
    const translated: number[] = [];
    let rest: Buffer = Buffer.alloc(0);
    let at = 0;
    let keptBytes = 0;
    const pass = (end: number) => {
      while (translated.length < offsets.length && (offsets[translated.length] as number) < end)
        translated.push(keptBytes);
    };
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, fstatSync(from).size + 1));
    for (;;) {
      const length = readSync(from, block, 0, block.length, null);
      const bytes = Buffer.concat([rest, block.subarray(0, length)]);
      const kept: Buffer[] = [];
      let start = 0;
      for (let newline = bytes.indexOf(NEWLINE); newline >= 0; newline = bytes.indexOf(NEWLINE, start)) {
        const end = newline + 1;
        pass(at + end);
        if (isKept(bytes.subarray(start, newline), at + end)) {
          kept.push(bytes.subarray(start, end));
          keptBytes += end - start;
        }
        start = end;
      }
      writeFully(to, Buffer.concat(kept));
      rest = bytes.subarray(start);
      at += start;
      if (length < block.length) break;
    }
    pass(Number.POSITIVE_INFINITY);
    return { keptBytes, offsets: translated };
  } finally {
    if (from !== undefined) closeSync(from);
    closeSync(to);
  }
}

/** The step of a metric line; `undefined` for what is no line. Lines of two fields are of step 0. */
export function stepOf(line: Buffer): number | undefined {
  const fields = line.toString("latin1").trim().split(" ");
  if (fields.length < 2) return undefined;
  const step = Number(fields[2] ?? "0");
  return Number.isSafeInteger(step) ? step : undefined;
}
