// Logs a model of an ONNX file, registers it, and says so; whoever started it may kill it before.
import { writeSync } from "node:fs";
import { startRun } from "tidemark";
import { logModel } from "tidemark/models";

const { file, experiment, registeredModelName } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment, captureEnvironment: false, offline: "refuse" });
writeSync(1, `${run.id}\n`);
const { version } = await logModel(run, file, { registeredModelName, alias: "champion" });
writeSync(1, `version ${version}\n`);
await run.end();
