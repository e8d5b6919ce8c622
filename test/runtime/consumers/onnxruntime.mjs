// One line, a loop, and nothing else: the run is opened with the first step, and ended with the process.
import { readdirSync, readFileSync } from "node:fs";
import { autolog } from "tidemark/onnxruntime";

// onnxruntime-node or onnxruntime-web.
const ort = await import(process.argv[2]);
// Threads would keep the process alive.
if (ort.env.wasm !== undefined) ort.env.wasm.numThreads = 1;
autolog(ort);

const session = await ort.InferenceSession.create(readFileSync(new URL("loss.onnx", import.meta.url)));
for (let step = 0; step < 3; step++) await session.run({ x: new ort.Tensor("float32", [step / 2], []) });
console.log(readdirSync("mlruns/0").find((name) => name !== "meta.yaml"));
