// One answer of a small network: by the model, and by its session alone. Both take turns in one process, because what is measured is less
// than what differs between two.

import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { loadModel, saveModel } from "tidemark/models";
import { count, report, scratchDirectory } from "./support.mjs";

tf.enableProdMode();
const layers = [
  tf.layers.dense({ units: 16, inputShape: [4], activation: "relu", name: "hidden" }),
  tf.layers.dense({ units: 3, activation: "softmax", name: "species" }),
];
const directory = join(scratchDirectory(), "model");
await saveModel(directory, tf.sequential({ layers }), { tf, ort });
const model = await loadModel(directory, { ort });
const session = model.native;
const [name] = session.inputNames;
const flower = Float32Array.of(5.1, 3.5, 1.4, 0.2);

const bare = async () => (await session.run({ [name]: new ort.Tensor("float32", flower, [1, 4]) })).species.data;
const ours = async () => await model.predict(flower);

const TURN = 500;
const times = { bare: [], ours: [] };
for (let turn = 0; turn < count / TURN; turn++) {
  for (const [which, ask] of [
    ["bare", bare],
    ["ours", ours],
  ]) {
    const begun = performance.now();
    for (let i = 0; i < TURN; i++) await ask();
    times[which].push((performance.now() - begun) / TURN);
  }
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] * 1_000;
report({ bareUs: median(times.bare), oursUs: median(times.ours) });
