// One run: params, a metric per step, tags, and reading it all back.
import { connect, startRun } from "tidemark";

const LEARNING_RATE = 0.1;

const run = await startRun({
  experiment: "examples",
  name: "basic",
  params: { optimizer: { name: "sgd", learningRate: LEARNING_RATE } },
  tags: { purpose: "example" },
});
let weight = 5;
for (let step = 0; step < 100; step++) {
  weight -= LEARNING_RATE * 2 * (weight - 1);
  run.logMetric("loss", (weight - 1) ** 2);
}
await run.end();

const client = await connect();
const { params, metrics, status } = await client.runs.get(run.id);
const { values } = await client.runs.metricHistory(run.id, "loss");
console.log(`${run.name} (${run.id}) is ${status}`);
console.log(`params ${JSON.stringify(params)}`);
console.log(`loss went from ${values[0]} to ${metrics.loss} in ${values.length} steps`);
