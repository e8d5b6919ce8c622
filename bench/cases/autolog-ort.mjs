// What autolog adds to a run of ONNX Runtime: a session whose run answers at once, called with and without the hooks.
import { autolog } from "tidemark/onnxruntime";
import { count, droppingRun, report, variant } from "./support.mjs";

const WARM_UP = 50_000;

const tensor = (dims, data) => ({ type: "float32", dims, size: data.length, data });

const answers = {
  // An inference has no scalars, a step of a training has some, beside the weights that go back in.
  inference: { probabilities: tensor([8, 10], new Float32Array(80)) },
  // The same, with a summary for every run.
  summary: { probabilities: tensor([8, 10], new Float32Array(80)) },
  training: {
    loss: tensor([], new Float32Array(1)),
    accuracy: tensor([], new Float32Array(1)),
    W_new: tensor([64, 10], new Float32Array(640)),
    b_new: tensor([10], new Float32Array(10)),
  },
};
const [kind, hooks] = variant.split("-");
const outputs = answers[kind];

class InferenceSession {
  inputNames = ["x"];
  outputNames = Object.keys(outputs);
  static async create() {
    return new InferenceSession();
  }
  async run() {
    return outputs;
  }
}

if (hooks === "on") {
  const options = kind === "summary" ? { windowRuns: 1 } : {};
  autolog({ InferenceSession }, { run: await droppingRun(), ...options });
}
const session = await InferenceSession.create();
const feeds = { x: tensor([8, 64], new Float32Array(512)) };

async function loop(times) {
  for (let i = 0; i < times; i++) {
    outputs.loss?.data.fill(i);
    await session.run(feeds);
  }
}
await loop(WARM_UP);
const begun = performance.now();
await loop(count);
report({ usPerRun: ((performance.now() - begun) * 1_000) / count });
