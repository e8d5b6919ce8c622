import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { QueueStats } from "../../src/queue/queue-stats.ts";
import { type Ended, runProgram } from "./child.ts";
import { bin } from "./command-line.ts";
import type { PlainRest, StoredPoint, StoredRun } from "./plain-rest.ts";
import { repository } from "./repository.ts";
import { TrainingChild } from "./training-child.ts";

/** The most that one call of logMetric may take, in all but one of a thousand calls, not counting what other programs took meanwhile. */
const LONGEST_CALL_MS = 5;
/** `end` gives a server 5 s; the rest is what a busy machine needs to run the code that says so. */
const LONGEST_END_MS = 7_000;

/** A training of test/faults/programs/train.mjs. */
export interface Training {
  readonly address: string;
  readonly spool: string;
  readonly experiment: string;
  /** Values of its metric `loss`, which are their own steps. Default 1,600. */
  readonly count?: number;
  /** Default 800. */
  readonly valuesPerSecond?: number;
  /** What `run.end` gives the server. Default: enough for a slow machine. */
  readonly endTimeoutMs?: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** What it says at its end. */
export interface TrainingReport {
  readonly runId: string;
  readonly backendIdAtStart?: string;
  readonly backendId?: string;
  readonly p999Ms: number;
  readonly worstMs: number;
  readonly beforeEnd: QueueStats;
  readonly ended: string;
  readonly endMs: number;
  readonly stats: QueueStats;
  readonly errors: readonly string[];
  readonly stderr: string;
}

export const DEFAULT_COUNT = 1_600;

/** A directory for spools, removed after the test. */
export function spoolDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-spool-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function startTraining(training: Training): TrainingChild {
  const { address, spool, env, experiment } = training;
  const { count = DEFAULT_COUNT, valuesPerSecond = 800 } = training;
  const endTimeoutMs = "endTimeoutMs" in training ? training.endTimeoutMs : 30_000;
  return new TrainingChild(
    "faults/train.mjs",
    { experiment, count, valuesPerSecond, flushIntervalMs: 100, endTimeoutMs },
    address,
    { TIDEMARK_SPOOL_DIR: spool, ...env },
  );
}

/** Waits for the end of a training, whose program must never have noticed anything, and holds its report against the promises. */
export async function reportOf(child: TrainingChild): Promise<TrainingReport> {
  const { code, signal } = await child.ended;
  expect({ code, signal }, child.stderr).toEqual({ code: 0, signal: null });
  const report = {
    ...JSON.parse(child.stdout.trim().split("\n").at(-1) as string),
    stderr: child.stderr,
  } as TrainingReport;
  for (const stats of [report.beforeEnd, report.stats]) expectBalanced(stats);
  expect(report.stats).toMatchObject({ rejected: 0, dropped: 0 });
  expect(report.ended).toBe("ended");
  expect(report.p999Ms).toBeLessThanOrEqual(LONGEST_CALL_MS);
  return report;
}

/** Nothing is left to send. */
export function expectSettled({ stats }: TrainingReport): void {
  expect(stats).toMatchObject({ acknowledged: stats.appended, pending: 0, spooled: 0 });
}

/** The server was gone at the end: what it does not have rests, and that was said soon. */
export function expectSpooled({ stats, endMs, stderr }: TrainingReport): void {
  expect(stats.pending).toBeGreaterThan(0);
  expect(stats.spooled).toBe(stats.pending);
  expect(endMs).toBeLessThanOrEqual(LONGEST_END_MS);
  expect(stderr).toMatch(/spool/);
}

function expectBalanced({ appended, acknowledged, rejected, dropped, pending, spooled }: QueueStats): void {
  expect(acknowledged + rejected + dropped + pending).toBe(appended);
  for (const count of [acknowledged, rejected, dropped, pending, spooled]) expect(count).toBeGreaterThanOrEqual(0);
  expect(spooled).toBeLessThanOrEqual(pending);
}

/** Asks `tidemark spool`. */
export function askSpool(
  command: "list" | "replay",
  { address, spool, env }: Pick<Training, "address" | "spool" | "env">,
): Promise<Ended> {
  const args = [bin, "--uri", address, "spool", command, "--json"];
  return runProgram(process.execPath, args, { cwd: repository, env: { TIDEMARK_SPOOL_DIR: spool, ...env } });
}

/** Replays what trainings have left, all of which must arrive. */
export async function replaySpool(training: Pick<Training, "address" | "spool" | "env">): Promise<void> {
  const { code, stdout, stderr } = await askSpool("replay", training);
  expect(code, stderr + stdout).toBe(0);
}

/** The one run of an experiment, with everything that the training logged: each thing once, in order. */
export async function expectDelivered(
  rest: PlainRest,
  training: Pick<Training, "experiment" | "count">,
): Promise<StoredRun> {
  const { experiment, count = DEFAULT_COUNT } = training;
  const run = await onlyRun(rest, experiment);
  expectSeries(
    await rest.history(run.id, "loss"),
    Array.from({ length: count }, (_, index) => index),
  );
  expectSeries(
    await rest.history(run.id, "accuracy"),
    Array.from({ length: Math.ceil(count / 10) }, (_, index) => (index * 10) / count),
  );
  expect(run.params).toEqual({
    count: String(count),
    "optimizer.name": "adam",
    "optimizer.rate": "0.001",
    half: "reached",
  });
  expect(run.tags).toMatchObject({ team: "current", phase: "trained" });
  expect(run.status).toBe("FINISHED");
  expect(run.endTime).toBeGreaterThan(0);
  return run;
}

/** A create that was repeated must not leave two runs. What was deleted again is no run. */
export async function onlyRun(rest: PlainRest, experiment: string): Promise<StoredRun> {
  const runs = (await rest.runsOf(experiment)).filter(({ isDeleted }) => !isDeleted);
  expect(runs).toHaveLength(1);
  return runs[0] as StoredRun;
}

/** Values from step 0 on, each once, in order; compared as numbers of few, because an array of 200,000 makes no readable message. */
export function expectSeries(points: readonly StoredPoint[], values: readonly number[]): void {
  const sorted = points.toSorted((a, b) => a.step - b.step);
  const firstWrong = values.findIndex((value, step) => sorted[step]?.value !== value || sorted[step]?.step !== step);
  expect({ length: points.length, firstWrong }).toEqual({ length: values.length, firstWrong: -1 });
  const firstEarly = sorted.findIndex(({ timestamp }, index) => timestamp < (sorted[index - 1]?.timestamp ?? 0));
  expect(firstEarly).toBe(-1);
}
