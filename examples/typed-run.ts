// The compiler knows the metrics of this run: `run.logMetric("los", 0.5)` does not compile.
import { type Run, startRun } from "tidemark";

type Metrics = { loss: number; accuracy: number };

function logEpoch(run: Run<Metrics>, epoch: number): void {
  const loss = 1 / (epoch + 1);
  run.logMetrics({ loss, accuracy: 1 - loss / 2 }, { step: epoch });
}

const run = await startRun<Metrics>({ experiment: "examples", name: "typed" });
for (let epoch = 0; epoch < 5; epoch++) logEpoch(run, epoch);
await run.end();
console.log(`run ${run.id} is ${run.status}; ${run.stats.acknowledged} of ${run.stats.appended} entries are written`);
