// Logs ten values a second until it is told to end, and says which run it is.
import { writeSync } from "node:fs";
import { startRun } from "tidemark";

const { runId } = JSON.parse(process.argv[2]);
const run = await startRun(runId === undefined ? { experiment: "alive" } : { runId });
run.logMetric("loss", 1);
writeSync(1, `${run.id}\n`);
const timer = setInterval(() => run.logMetric("loss", Math.random()), 100);
process.once("SIGTERM", async () => {
  clearInterval(timer);
  await run.end();
});
