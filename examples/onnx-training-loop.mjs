// Trains a network in ONNX Runtime: a step of the training is an ONNX graph, called in a loop. One line records it.
import * as ort from "onnxruntime-node";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/onnxruntime";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";
import { initialWeights, trainingStepModel } from "./support/onnx-mlp.mjs";

const BATCH_SIZE = 40;
const EPOCHS = 15;
const SIZES = { inputs: PIXELS_PER_IMAGE, hidden: 32, classes: CLASSES };

autolog(ort);

const params = { learningRate: 0.3, batchSize: BATCH_SIZE, epochs: EPOCHS, hidden: SIZES.hidden };
const runId = await withRun({ experiment: "examples", name: "onnx-training-loop", params }, async (run) => {
  const { training } = loadDigits({ seed: 1 });
  const session = await ort.InferenceSession.create(trainingStepModel(SIZES));
  const { W1, b1, W2, b2 } = initialWeights(SIZES, { seed: 1 });
  let weights = {
    W1: new ort.Tensor("float32", W1, [SIZES.inputs, SIZES.hidden]),
    b1: new ort.Tensor("float32", b1, [SIZES.hidden]),
    W2: new ort.Tensor("float32", W2, [SIZES.hidden, CLASSES]),
    b2: new ort.Tensor("float32", b2, [CLASSES]),
  };
  const lr = new ort.Tensor("float32", [params.learningRate], []);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (let start = 0; start + BATCH_SIZE <= training.pixels.length; start += BATCH_SIZE) {
      const pixels = Float32Array.from(training.pixels.slice(start, start + BATCH_SIZE).flat());
      const digits = BigInt64Array.from(training.digits.slice(start, start + BATCH_SIZE).map(BigInt));
      const x = new ort.Tensor("float32", pixels, [BATCH_SIZE, PIXELS_PER_IMAGE]);
      const y = new ort.Tensor("int64", digits, [BATCH_SIZE]);
      const step = await session.run({ x, y, lr, ...weights });
      // What comes out goes in again; loss and accuracy are recorded on the way.
      weights = { W1: step.W1_new, b1: step.b1_new, W2: step.W2_new, b2: step.b2_new };
    }
  }
  await session.release();
  return run.id;
});

const client = await connect();
const { metrics } = await client.runs.get(runId);
const { values } = await client.runs.metricHistory(runId, "loss");
await client.close();
console.log(`${values.length} steps, ${Math.round(metrics.steps_per_second)} a second`);
console.log(`loss from ${values[0].toFixed(3)} to ${metrics.loss.toFixed(3)}, accuracy ${metrics.accuracy.toFixed(3)}`);
if (metrics.accuracy < 0.9) throw new Error("the network has not learned the digits");
