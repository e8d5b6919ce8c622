// A program that never says that its run has ended: the end of the process says it.
import { startRun } from "tidemark";

async function main(): Promise<void> {
  const run = await startRun({ experiment: "matrix", params: { lr: 0.1 } });
  for (let step = 0; step < 3; step++) run.logMetric("loss", 0.1 / (step + 1));
  run.logMetrics({ a: 1, b: Number.NaN });
  run.setTag("kind", "small");
  console.log(JSON.stringify({ runId: run.id }));
}

main();
