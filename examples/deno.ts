// In Deno: deno run --allow-read --allow-write --allow-env --allow-sys --allow-run examples/deno.ts
// Without --allow-sys and --allow-run it records all the same, but not who ran it, nor the git commit.
import { connect, startRun } from "tidemark";

const run = await startRun<{ loss: number }>({ experiment: "deno", params: { optimizer: "sgd", learningRate: 0.1 } });
let weight = 5;
for (let step = 0; step < 100; step++) {
  weight -= 0.1 * 2 * (weight - 1);
  run.logMetric("loss", (weight - 1) ** 2);
}
await run.end();

const client = await connect();
const { metrics, tags } = await client.runs.get(run.id);
await client.close();
console.log(`${tags["tidemark.runtime"]}: loss ${metrics.loss?.toExponential(1)}`);
