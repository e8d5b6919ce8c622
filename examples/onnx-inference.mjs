// Latency, throughput and errors of a model in ONNX Runtime, recorded by one line.
import * as ort from "onnxruntime-node";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/onnxruntime";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";
import { initialWeights, predictionModel } from "./support/onnx-mlp.mjs";

const BATCH_SIZE = 16;
const RUNS = 500;

const { disable } = autolog(ort, { windowRuns: 100 });

const runId = await withRun({ experiment: "examples", name: "onnx-inference" }, async (run) => {
  const sizes = { inputs: PIXELS_PER_IMAGE, hidden: 32, classes: CLASSES };
  const model = predictionModel(sizes, initialWeights(sizes, { seed: 1 }));
  const session = await ort.InferenceSession.create(model, { executionProviders: ["cpu"], intraOpNumThreads: 1 });
  const { pixels } = loadDigits({ seed: 1 }).test;
  for (let i = 0; i < RUNS; i++) {
    const start = (i * BATCH_SIZE) % (pixels.length - BATCH_SIZE);
    const batch = Float32Array.from(pixels.slice(start, start + BATCH_SIZE).flat());
    await session.run({ x: new ort.Tensor("float32", batch, [BATCH_SIZE, PIXELS_PER_IMAGE]) });
  }
  await session.run({}).catch((error) => console.log(`an error, as it should be: ${error.message}`));
  await session.release();
  return run.id;
});
await disable();

const client = await connect();
const { params, metrics, tags } = await client.runs.get(runId);
const { values, steps } = await client.runs.metricHistory(runId, "latency_p95_ms");
await client.close();
console.log(
  `${params.model_name}: opset ${params.model_opset}, by ${params.model_producer}, on ${params.execution_providers}`,
);
console.log(`inputs ${params.inputs}; outputs ${params.outputs}`);
console.log(`first run ${metrics.first_run_ms.toFixed(2)} ms`);
for (const [index, p95] of values.entries()) console.log(`up to run ${steps[index]}: p95 ${p95.toFixed(3)} ms`);
console.log(`${Math.round(metrics.examples_per_second)} images a second; errors ${tags["onnxruntime.errors"]}`);
