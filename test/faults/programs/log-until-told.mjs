// Logs until a file appears, then ends its run and says how many values it has logged.
import { existsSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startRun } from "tidemark";

const { number, experiment, flushIntervalMs, stopFile } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment, name: `training ${number}`, captureEnvironment: false, flushIntervalMs });
writeSync(1, `${run.id}\n`);
let count = 0;
while (!existsSync(stopFile)) {
  run.logMetric("loss", count++);
  await sleep(20);
}
await run.end({ timeoutMs: 60_000 });
console.log(JSON.stringify({ count, pending: run.stats.pending }));
