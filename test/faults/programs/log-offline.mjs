// Logs to a server that is not there, and says as JSON by how much memory grew.
import { startRun } from "tidemark";

const { count, experiment } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment, captureEnvironment: false });
const rssAtStart = process.memoryUsage.rss();
let rssAtMost = rssAtStart;
for (let i = 0; i < count; i++) {
  run.logMetric("loss", i);
  if (i % 10_000 === 9_999) {
    await new Promise((resolve) => setImmediate(resolve));
    rssAtMost = Math.max(rssAtMost, process.memoryUsage.rss());
  }
}
await run.end({ timeoutMs: 200 });
console.log(JSON.stringify({ growth: rssAtMost - rssAtStart, stats: run.stats }));
