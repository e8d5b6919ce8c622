// A program whose runs, models and files are all in a bucket. Told whose model to load, it loads one that another program has registered.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { connect, startRun } from "tidemark";
import { loadModel, logModel } from "tidemark/models";

const [uri, name, other] = process.argv.slice(2);
const VALUES = 10_000;
const client = await connect(uri, { headIntervalMs: 0 });

const run = await startRun({ client, experiment: "runtimes", name, params: { lr: 0.1 } });
for (let step = 0; step < VALUES; step++) run.logMetric("loss", 1 / (step + 1), { step });
const bytes = new Uint8Array(17 << 20).map((_, at) => at % 251);
writeFileSync("large.bin", bytes);
await run.logArtifact("large.bin");
await run.flush();
await client.artifacts.download({ runId: run.id, path: "large.bin", destination: "down" });
const isEqual = Buffer.from(bytes).equals(readFileSync("down/large.bin"));

const module = fileURLToPath(new URL("doubling.mjs", import.meta.url));
const registered = { name: "model", registeredModelName: "doubling", alias: name };
const { version } = await logModel(run, { module }, { ...registered, inputExample: [1, 2] });
await run.end();

const filter = `attributes.run_name = '${name}' and metrics.loss < 0.001 and params.lr = '0.1'`;
const { id: experimentId } = await client.experiments.getByName("runtimes");
const { items } = await client.runs.search({ experimentIds: [experimentId], filter }).page();
const { values } = await client.runs.metricHistory(run.id, "loss");

const model = await loadModel(`models:/doubling@${other ?? name}`, { client, allowCode: true });
const predicted = await model.predict([1, 2]);
await model.close();
await client.close();
console.log(
  JSON.stringify({
    isEqual,
    found: items.map(({ status }) => status),
    isExact: values.length === VALUES && values.every((value, step) => value === 1 / (step + 1)),
    version,
    predicted,
  }),
);
