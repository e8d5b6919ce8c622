// A directory of 1,000 runs, as trainings leave them: two metrics, some params and tags each.
import { connect } from "tidemark";
import { count, realisticValues, report } from "./support.mjs";

const VALUES_A_RUN = 1_000;
const METRICS = ["loss", "val/loss"];

const [, , , , directory] = process.argv;
const client = await connect(directory);
const experimentId = await client.experiments.create({ name: "sync" });
const values = realisticValues(VALUES_A_RUN);
const texts = (kind, length) => Array.from({ length }, (_, i) => ({ key: `${kind}-${i}`, value: `value ${i}` }));
for (let written = 0; written < count; written += VALUES_A_RUN) {
  const { id: runId } = await client.runs.create({ experimentId, startTime: 1_700_000_000_000 + written });
  const metrics = Array.from(values, (value, i) => ({
    key: METRICS[i % METRICS.length],
    value,
    step: i >> 1,
    timestamp: 1_700_000_000_000 + i,
  }));
  await client.runs.logBatch({ runId, metrics, params: texts("param", 8), tags: texts("tag", 6) });
  await client.runs.update({ runId, status: "FINISHED", endTime: 1_700_000_100_000 + written });
}
await client.close();
report({ count });
