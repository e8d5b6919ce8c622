// A program whose server is not there.
import { startRun } from "tidemark";

async function main(): Promise<void> {
  const run = await startRun({ experiment: "runtime", params: { lr: 0.1 } });
  for (let step = 0; step < 3_000; step++) run.logMetric("loss", step);
  await run.logText("hi", "notes.txt");
  await run.end({ timeoutMs: 100 });
  console.log(JSON.stringify({ runId: run.id }));
}

main();
