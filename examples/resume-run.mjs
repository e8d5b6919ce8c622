// A training that is interrupted and goes on later, as one run: steps continue where they were.
import assert from "node:assert/strict";
import { connect, startRun } from "tidemark";

const first = await startRun({ experiment: "examples", name: "resumed" });
for (const loss of [0.9, 0.7, 0.5]) first.logMetric("loss", loss);
await first.end();

// Usually another process, hours later. `MLFLOW_RUN_ID` in its environment does the same as `runId`.
const second = await startRun({ runId: first.id });
for (const loss of [0.4, 0.3]) second.logMetric("loss", loss);
await second.end();

const client = await connect();
const { steps, values } = await client.runs.metricHistory(first.id, "loss");
assert.deepEqual([...steps], [0, 1, 2, 3, 4]);
console.log(`run ${first.id}: ${[...steps].map((step, i) => `step ${step} = ${values[i]}`).join(", ")}`);
