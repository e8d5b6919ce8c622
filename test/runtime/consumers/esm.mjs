import { startRun } from "tidemark";

const run = await startRun({ experiment: "runtime", params: { lr: 0.1 } });
run.logMetric("loss", 0.5);
run.logMetrics({ a: 1, b: 2 });
await run.logText("hi", "notes.txt");
await run.end();
console.log(run.id);
