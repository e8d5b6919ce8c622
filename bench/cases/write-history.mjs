// Makes the directory the history case reads, and says which run it is.
import { connect, startRun } from "tidemark";
import { count, realisticValues, report } from "./support.mjs";

const [, , , , directory] = process.argv;
const client = await connect(directory);
const run = await startRun({ client, captureEnvironment: false });
for (const value of realisticValues(count)) run.logMetric("loss", value);
await run.end();
report({ runId: run.id });
