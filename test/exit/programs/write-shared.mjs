// One of many writers of a run: its values are its own, so that a repeated or lost line shows.
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { startRun } from "tidemark";

const { runId, writer, count } = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const run = await startRun({ runId, captureEnvironment: false });
for (let i = 0; i < count; i++) {
  run.logMetric("shared", writer * 1_000_000 + i, { step: i });
  if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
}
run.logParam("same", "for all");
run.logParam(`writer-${writer}`, String(writer));
await run.end();
parentPort?.postMessage("done");
