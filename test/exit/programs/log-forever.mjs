// Logs until it is killed, and says after every value how far it is and when: what it said can be held against what survived.
import { openSync, writeSync } from "node:fs";
import { startRun } from "tidemark";

const { loop, pauseMs, progressFile } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment: "exit", captureEnvironment: false });
writeSync(1, `${run.id}\n`);
const progress = openSync(progressFile, "w");
const record = new Float64Array(2);
for (let i = 0; ; i++) {
  run.logMetric("loss", i);
  record[0] = i + 1;
  record[1] = Date.now();
  writeSync(progress, record, 0, record.byteLength, 0);
  if (loop === "yielding") await new Promise((resolve) => setTimeout(resolve, pauseMs));
  else {
    const until = performance.now() + pauseMs;
    while (performance.now() < until);
  }
}
