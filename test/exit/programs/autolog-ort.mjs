// A run that was open before autolog, a session that nobody releases, and an end in the way the arguments say.
import { writeSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { startRun } from "tidemark";
import { autolog } from "tidemark/onnxruntime";
import { FLOAT, model, node, value } from "../../../examples/support/onnx-writer.mjs";

const { end } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment: "exit", captureEnvironment: false });
writeSync(1, `${run.id}\n`);
autolog(ort);
const identity = model({
  name: "identity",
  inputs: [value("x", FLOAT, [])],
  outputs: [value("loss", FLOAT, [])],
  nodes: [node("Identity", ["x"], ["loss"])],
});
const session = await ort.InferenceSession.create(identity);
for (let step = 0; step < 20; step++) await session.run({ x: new ort.Tensor("float32", [step], []) });
if (end === "exit-0") process.exit(0);
if (end === "exit-1") process.exit(1);
if (end === "throw") throw new TypeError("the training went wrong");
if (end === "end-then-exit") {
  void run.end();
  process.exit(0);
}
