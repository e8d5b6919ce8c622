import { lutimesSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory for one test, removed afterwards. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Where a run is below an mlruns directory. */
export function runDirectory(mlruns: string, runId: string): string {
  for (const experiment of readdirSync(mlruns)) {
    const directory = join(mlruns, experiment, runId);
    if (statSync(directory, { throwIfNoEntry: false }) !== undefined) return directory;
  }
  throw new Error(`no run ${runId} in ${mlruns}`);
}

/** Makes a directory and all that is in it as old as that. */
export function age(directory: string, timeMs: number): void {
  const seconds = timeMs / 1_000;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    lutimesSync(join(entry.parentPath, entry.name), seconds, seconds);
  }
  lutimesSync(directory, seconds, seconds);
}

/** The numbers of a metric file's lines, read as plainly as possible: every line must be whole. */
export function metricLines(mlruns: string, runId: string, key: string): [number, number, number][] {
  const text = readFileSync(join(runDirectory(mlruns, runId), "metrics", key), "utf8");
  if (!text.endsWith("\n")) throw new Error("the last line is torn");
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      const fields = line.split(" ").map(Number);
      if (fields.length !== 3 || fields.some((field) => Number.isNaN(field))) throw new Error(`bad line ${line}`);
      return fields as [number, number, number];
    });
}

const STATUSES = ["", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/** The status in a run's meta.yaml, and whether it has an end. */
export function runStatus(mlruns: string, runId: string): { status: string | undefined; hasEnd: boolean } {
  const text = readFileSync(join(runDirectory(mlruns, runId), "meta.yaml"), "utf8");
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1];
  return { status: STATUSES[Number(field("status"))], hasEnd: /^\d+$/.test(field("end_time") ?? "") };
}

/** A tag's text, or `undefined` where the run has no such tag. */
export function runTag(mlruns: string, runId: string, key: string): string | undefined {
  try {
    return readFileSync(join(runDirectory(mlruns, runId), "tags", key), "utf8");
  } catch {
    return undefined;
  }
}
