// A run whose server is not there: it begins, goes on and ends all the same, and waits on the local disk.
import { startRun } from "tidemark";

process.env.MLFLOW_TRACKING_URI ??= "http://127.0.0.1:9"; // nobody listens there
process.env.TIDEMARK_SPOOL_DIR ??= "./spool";

const run = await startRun({ experiment: "offline", params: { lr: 0.1 } });
for (let step = 0; step < 10_000; step++) run.logMetric("loss", 1 / (step + 1));
await run.logText("learned without a server", "notes.txt");
await run.end({ timeoutMs: 500 });

const { appended, acknowledged, spooled } = run.stats;
console.log(`${run.id}: ${acknowledged} of ${appended} entries are at the server, ${spooled} wait in the spool`);
console.log("npx tidemark spool list     shows what waits");
console.log("npx tidemark spool replay   brings it to the server");
