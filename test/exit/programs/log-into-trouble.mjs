// Logs while the ground gives way, and says as JSON what the run made of it. The parent has prepared the trouble; "deleted" is
// made here, between two halves.
import { rmSync } from "node:fs";
import { connect, startRun } from "tidemark";

const { count, keys, trouble, heals } = JSON.parse(process.argv[2]);
const errors = [];
const client = await connect(process.env.MLFLOW_TRACKING_URI);
const run = await startRun({ client, captureEnvironment: false, onError: (error) => errors.push(error.code) });
for (let i = 0; i < count; i++) {
  if (i === count / 2 && trouble === "deleted") rmSync(process.env.MLFLOW_TRACKING_URI, { recursive: true });
  run.logMetric(keys === 1 ? "loss" : `metric/${i % keys}`, i);
}
const outcome = await run.flush().then(
  () => ({ flushed: true }),
  (error) => ({ flushed: false, code: error.code, cause: error.cause?.code, message: error.message }),
);
const afterFlush = run.stats;
if (heals) {
  rmSync(heals);
  await run.flush();
}
const ended = await run.end().then(
  () => "ended",
  (error) => error.code,
);
console.log(
  JSON.stringify({ runId: run.id, ...outcome, afterFlush, ended, atEnd: run.stats, errors: [...new Set(errors)] }),
);
