// A training that goes on whatever its server does. Says its run's id first, and at the end, as JSON, what became of what it logged
// and what a call cost.
import { existsSync, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startRun } from "tidemark";

const VALUES_AT_A_TIME = 20;

const { experiment, count, valuesPerSecond, flushIntervalMs, endTimeoutMs } = JSON.parse(process.argv[2]);
const errors = new Set();
const run = await startRun({
  experiment,
  params: { count, optimizer: { name: "adam", rate: 0.001 } },
  tags: { team: "tide" },
  captureEnvironment: false,
  flushIntervalMs,
  onError: (error) => errors.add(error.code),
});
const backendIdAtStart = run.backendId;
writeSync(1, `${run.id}\n`);

// The time in which others had the processor is not ours: Linux counts it for each thread, in nanoseconds, as the second of three numbers.
// Waiting for a disk or a lock is. Where nobody counts, all of it is ours.
const scheduleFile = `/proc/self/task/${process.pid}/schedstat`;
const schedule = existsSync(scheduleFile) ? openSync(scheduleFile) : undefined;
const line = Buffer.alloc(64);
const waitedMs = () =>
  schedule === undefined
    ? 0
    : Number(line.toString("latin1", 0, readSync(schedule, line, 0, 64, 0)).split(" ")[1]) / 1e6;

const costMs = new Float64Array(count);
for (let i = 0; i < count; i++) {
  const waitedBefore = waitedMs();
  const begun = performance.now();
  run.logMetric("loss", i);
  const tookMs = performance.now() - begun;
  costMs[i] = Math.max(0, tookMs - (waitedMs() - waitedBefore));
  if (i % 10 === 0) run.logMetric("accuracy", i / count);
  if (i === count >> 1) {
    run.logParam("half", "reached");
    run.setTag("team", "current");
  }
  if (i % VALUES_AT_A_TIME === VALUES_AT_A_TIME - 1) await sleep((1_000 * VALUES_AT_A_TIME) / valuesPerSecond);
}
run.setTag("phase", "trained");
const beforeEnd = run.stats;
const begunEnd = performance.now();
const ended = await run.end(endTimeoutMs === undefined ? {} : { timeoutMs: endTimeoutMs }).then(
  () => "ended",
  (error) => `${error.code}: ${error.message}`,
);
costMs.sort();
console.log(
  JSON.stringify({
    runId: run.id,
    backendIdAtStart,
    backendId: run.backendId,
    p999Ms: costMs[Math.ceil(count * 0.999) - 1],
    worstMs: costMs[count - 1],
    beforeEnd,
    ended,
    endMs: performance.now() - begunEnd,
    stats: run.stats,
    errors: [...errors],
  }),
);
