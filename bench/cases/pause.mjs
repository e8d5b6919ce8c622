// The longest single logMetric calls in a loop that never gives the event loop a turn, writing to local disk.
import { connect, startRun } from "tidemark";
import { count, realisticValues, report, scratchDirectory, variant } from "./support.mjs";

const client = await connect(scratchDirectory());
const run = await startRun({ client, captureEnvironment: false });
const values = realisticValues(count);
const callsMs = new Float64Array(count);
const pauseMs = variant === "thousandASecond" ? 1 : 0;
for (let i = 0; i < count; i++) {
  const begun = performance.now();
  run.logMetric("loss", values[i]);
  const ended = performance.now();
  callsMs[i] = ended - begun;
  while (performance.now() - ended < pauseMs);
}
const onDiskAtOnce = run.stats.acknowledged / run.stats.appended;
await run.end();
callsMs.sort();
report({ p999Ms: callsMs[Math.floor(count * 0.999)], maxMs: callsMs[count - 1], onDiskAtOnce });
