import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { describe } from "../base/errors.ts";
import { latestPoint, orderPoints } from "../base/point-order.ts";
import { isMissing, storageError } from "../disk/storage-errors.ts";
import type { Metric, MetricHistory } from "../schema/metric.ts";
import { type BadLines, PointColumns, parseLines } from "./metric-parser.ts";

/** Read at once: files may be larger than memory likes and than a string may be. */
const BLOCK_BYTES = 1 << 20;

/** No line is longer, not even with the longest name of a dataset. What has no newline for so long is no metric file. */
const MOST_LINE_CHARACTERS = 8_192;

// A pipe that lies where a file belongs must not block.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** All points of a metric file by step, then timestamp, then as logged; `undefined` where there is no such file. */
export function readHistory(path: string): MetricHistory | undefined {
  return withMetricFile(path, (descriptor) => {
    const columns = new PointColumns();
    parseFile(descriptor, path, columns);
    return orderPoints(columns.points());
  });
}

/** The latest point as MLflow chooses it; `undefined` where there is none. */
export function readLatest(path: string, key: string): Metric | undefined {
  return withMetricFile(path, (descriptor) => latestIn(descriptor, path, key));
}

/** The same of an open file. */
export function latestIn(descriptor: number, path: string, key: string): Metric | undefined {
  latestColumns.clear();
  parseFile(descriptor, path, latestColumns);
  const latest = latestPoint(key, latestColumns, latestColumns.length);
  // One long history must not be paid for ever after.
  if (latestColumns.length > MOST_KEPT_POINTS) latestColumns = new PointColumns();
  return latest;
}

// A search reads the latest points of thousands of small files: what that takes is used again for each.
const MOST_KEPT_POINTS = 100_000;
let latestColumns = new PointColumns();
let sharedBlock: Buffer | undefined;

function withMetricFile<T>(path: string, read: (descriptor: number) => T): T | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, READ);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storageError("read", path, error);
  }
  try {
    return fstatSync(descriptor).isFile() ? read(descriptor) : undefined;
  } catch (error) {
    throw storageError("read", path, error);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads the points of a metric file as they stand in it. What is no line is said and skipped. */
function parseFile(descriptor: number, path: string, columns: PointColumns): void {
  const bad: BadLines = { count: 0, first: undefined };
  sharedBlock ??= Buffer.allocUnsafe(BLOCK_BYTES);
  const block = sharedBlock;
  let rest = "";
  for (;;) {
    const length = readSync(descriptor, block, 0, BLOCK_BYTES, null);
    // Lines are ASCII but for the names of datasets, which are not read.
    const text = rest + block.toString("latin1", 0, length);
    rest = text.slice(parseLines(text, columns, bad));
    // Cut, so that garbage without an end is not carried along; what is left of it is still no line.
    if (rest.length > MOST_LINE_CHARACTERS) rest = rest.slice(0, MOST_LINE_CHARACTERS);
    // A file gives less than it is asked for only at its end.
    if (length < BLOCK_BYTES) break;
  }
  if (bad.count > 0) {
    const shown = describe(bad.first);
    warnOnce(`lines:${path}`, `${path}: ${bad.count} lines that are no metric values were skipped, the first ${shown}`);
  }
  if (rest !== "") warnOnce(`tail:${path}`, `${path}: the last line is torn and was skipped: ${describe(rest)}`);
}
