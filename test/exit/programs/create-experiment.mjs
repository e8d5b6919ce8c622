// One of many processes that ask for the same experiment at the same time.
import { startRun } from "tidemark";

const { experiment, startAt } = JSON.parse(process.argv[2]);
while (Date.now() < startAt);
const run = await startRun({ experiment, captureEnvironment: false });
run.logMetric("one", 1);
await run.end();
console.log(run.experimentId);
