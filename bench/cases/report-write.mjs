// Writes the report of a run with one metric: [points, file].
import { connect, startRun } from "tidemark";
import { memoryBackend } from "tidemark/memory";
import { report as writeReport } from "tidemark/report";
import { report } from "./support.mjs";

const points = Number(process.argv[2]);
const file = process.argv[3];

const client = await connect(memoryBackend());
const run = await startRun({ client, captureEnvironment: false, name: "bench" });
// Noise around a fall, as losses have it; its digits do not compress.
for (let step = 0; step < points; step++) {
  run.logMetric(
    "loss",
    Math.exp((-4 * step) / points) + ((0.3 * Math.abs(Math.sin(step * 12.9898) * 43_758.5453)) % 1),
    { step },
  );
}
await run.end();
const begun = performance.now();
const { bytes } = await writeReport(run, { client, file });
report({ bytes, elapsedMs: performance.now() - begun });
