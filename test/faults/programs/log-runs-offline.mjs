// Leaves runs in the spool for a server that is not there: each has steps of its own.
import { startRun } from "tidemark";

const { runs, valuesOfRun, experiment } = JSON.parse(process.argv[2]);
for (let number = 0; number < runs; number++) {
  const run = await startRun({ experiment, captureEnvironment: false });
  for (let i = 0; i < valuesOfRun; i++) {
    run.logMetric("loss", i, { step: number * valuesOfRun + i });
    // Many records, so that a replay takes a while.
    if (i % 250 === 249) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await run.end({ timeoutMs: 5 });
}
