// A model that is code and one of ONNX, saved and loaded again; the ONNX Runtime is the one that is named.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel, saveModel } from "tidemark/models";

const ort = await import(process.argv[2]);
// Threads would keep the process alive.
if (ort.env.wasm !== undefined) ort.env.wasm.numThreads = 1;

const beside = (file) => fileURLToPath(new URL(file, import.meta.url));
await saveModel("loss", readFileSync(beside("loss.onnx")), { ort, inputExample: { data: [0.5], dims: [] } });
await saveModel("doubling", { module: beside("doubling.mjs") }, { inputExample: [1, 2] });
const loss = await loadModel("loss", { ort });
const doubling = await loadModel(join(process.cwd(), "doubling"), { allowCode: true });
const { loss: answer } = await loss.predict(await loss.inputExample());
console.log(JSON.stringify([loss.flavor, doubling.flavor, answer.data[0], await doubling.predict([1, 2])]));
await loss.close();
await doubling.close();
