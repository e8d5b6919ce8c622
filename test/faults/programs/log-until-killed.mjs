// Logs until it is killed. What it has logged, and when, is in a file for the one who kills: a float64 of milliseconds a value.
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startRun } from "tidemark";

const { number, pauseMs, isBlocking, flushIntervalMs, progressFile } = JSON.parse(process.argv[2]);
const progress = openSync(progressFile, "w");
const run = await startRun({
  experiment: "killed",
  tags: { child: String(number) },
  captureEnvironment: false,
  flushIntervalMs,
});
writeSync(1, `${run.id}\n`);
const loggedAt = new Float64Array(1);
for (let i = 0; ; i++) {
  loggedAt[0] = Date.now();
  run.logMetric("loss", i);
  writeSync(progress, loggedAt);
  // A loop that blocks sends nothing; now and then it ends, as an epoch does.
  if (!isBlocking || i % 200 === 199) await sleep(pauseMs);
  else {
    const until = performance.now() + pauseMs;
    while (performance.now() < until);
  }
}
