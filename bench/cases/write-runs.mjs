// Fills a store with finished runs of 5 params, 5 metrics and 5 tags each.
import { connect } from "tidemark";
import { count, report } from "./support.mjs";

const [, , , , directory] = process.argv;
const client = await connect(directory);
const experimentId = await client.experiments.create({ name: "bench" });
const five = (make) => Array.from({ length: 5 }, (_, i) => make(i));
for (let run = 0; run < count; run++) {
  const tags = Object.fromEntries(five((i) => [`tag_${i}`, `value ${(run + i) % 10}`]));
  const startTime = 1_700_000_000_000 + run;
  const { id: runId } = await client.runs.create({ experimentId, name: `run ${run}`, startTime, tags });
  await client.runs.logBatch({
    runId,
    metrics: five((i) => ({ key: `metric_${i}`, value: ((run * 7_919) % 10_007) / 10_007 + i, timestamp: startTime })),
    params: five((i) => ({ key: `param_${i}`, value: String((run + i) % 20) })),
  });
  await client.runs.update({ runId, status: "FINISHED", endTime: startTime + 1_000 });
}
report({ experimentId });
