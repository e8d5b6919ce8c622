// One line, a loop, and nothing else: the run is opened with the first step, and ended with the process.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { autolog } from "tidemark/onnxruntime";

autolog(ort);

const session = await ort.InferenceSession.create(fileURLToPath(new URL("loss.onnx", import.meta.url)));
for (let step = 0; step < 3; step++) await session.run({ x: new ort.Tensor("float32", [step / 2], []) });
console.log(readdirSync("mlruns/0").find((name) => name !== "meta.yaml"));
