// A whole training of TensorFlow.js, with autolog and without: times differ from run to run by more than autolog takes.
import * as tf from "@tensorflow/tfjs";
import { configure } from "tidemark";
import { autolog } from "tidemark/tfjs";
import { count, report, scratchDirectory, variant } from "./support.mjs";

tf.enableProdMode();
await tf.setBackend("cpu");
configure({ trackingUri: scratchDirectory() });
if (variant === "recorded") autolog(tf);

const EXAMPLES = 1_200;
const x = tf.randomUniform([EXAMPLES, 64], 0, 1, "float32", 42);
const y = tf.oneHot(tf.cast(tf.randomUniform([EXAMPLES], 0, 10, "float32", 7), "int32"), 10);
const model = tf.sequential();
model.add(tf.layers.dense({ units: 32, inputShape: [64], activation: "relu" }));
model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
const begun = performance.now();
await model.fit(x, y, { epochs: count, verbose: 0 });
report({ seconds: (performance.now() - begun) / 1_000 });
process.exit();
