// What autolog of TensorFlow.js adds to a step: hooks in classes of TensorFlow.js's form, whose steps do nothing. Runs go to a
// directory, as they do for most.
import { configure } from "tidemark";
import { autolog } from "tidemark/tfjs";
import { count, report, scratchDirectory, variant } from "./support.mjs";

configure({ trackingUri: scratchDirectory() });

const values = Float32Array.of(0.25, 0.5);
const scalar = (index) => ({
  shape: [],
  dtype: "float32",
  dataSync: () => values.subarray(index, index + 1),
  data: async () => values.subarray(index, index + 1),
  dispose: () => {},
});

/** Calls callbacks as TensorFlow.js does: each is awaited, at each batch. */
class LayersModel {
  inputs = [];
  outputs = [];
  layers = [];
  inputNames = [];
  outputNames = [];
  trainableWeights = [];
  stopTraining = false;
  optimizer = new Optimizer();
  countParams = () => 0;
  summary = () => {};

  async fit(_x, _y, { callbacks = [] }) {
    for (const callback of callbacks) await callback.onEpochBegin(0, {});
    for (let batch = 0; batch < count; batch++) {
      const logs = {};
      for (const callback of callbacks) await callback.onBatchBegin(batch, logs);
      Object.assign(logs, { batch, size: 32, loss: scalar(0), acc: scalar(1) });
      for (const callback of callbacks) await callback.onBatchEnd(batch, logs);
    }
    for (const callback of callbacks) await callback.onEpochEnd(0, {});
    return { epoch: [0], history: {} };
  }
}

class Optimizer {
  learningRate = 0.1;
  getClassName = () => "SGD";
  getConfig = () => ({ learningRate: 0.1 });

  minimize(compute, returnCost = false) {
    const cost = compute();
    if (returnCost) return cost;
    cost.dispose();
    return null;
  }
}

class CustomCallback {
  setParams() {}
  setModel() {}
  async onEpochBegin() {}
  async onEpochEnd() {}
  async onBatchBegin() {}
  async onBatchEnd() {}
}

const tf = { LayersModel, Optimizer, CustomCallback, getBackend: () => "cpu" };
const [work, isRecorded] = variant.split("-");
if (isRecorded === "recorded") autolog(tf, { logModels: false, logDatasets: false });
const callbacks = [new CustomCallback()];
const optimizer = new Optimizer();
const compute = () => scalar(0);
const works = {
  fit: () => new LayersModel().fit(undefined, undefined, { callbacks }),
  minimize: () => {
    for (let step = 0; step < count; step++) optimizer.minimize(compute);
  },
};
await works[work]();
const begun = performance.now();
await works[work]();
report({ usPerStep: ((performance.now() - begun) * 1_000) / count });
process.exit();
