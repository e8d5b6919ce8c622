// Takes a run back to its mark and goes on from there, until it is killed. Every value says in which life it was logged.
import { openSync, writeSync } from "node:fs";
import { connect, startRun } from "tidemark";

const { runId, life, keys, progressFile } = JSON.parse(process.argv[2]);
const client = await connect();
// The parent takes its time from here.
writeSync(1, "ready\n");
const run = await startRun({ client, runId, fromMark: "checkpoint", captureEnvironment: false });
const progress = openSync(progressFile, "w");
const record = new Float64Array(1);
for (let step = 0; ; step++) {
  for (let key = 0; key < keys; key++) run.logMetric(`layer ${key}/norm`, life);
  await run.flush();
  record[0] = step + 1;
  writeSync(progress, record, 0, record.byteLength, 0);
}
