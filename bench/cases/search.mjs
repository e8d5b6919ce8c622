// A search with a filter and an order: the first in the process, after imports, and the second.
import { connect } from "tidemark";
import { report } from "./support.mjs";

const [, , , , directory, experimentId] = process.argv;
const query = {
  experimentIds: [experimentId],
  filter: "metrics.metric_0 > 0.25 AND params.param_1 != '3' AND tags.tag_2 LIKE 'value%'",
  orderBy: ["metrics.metric_1 DESC"],
  maxResults: 1_000,
};
const client = await connect(directory);
// The backend's module is loaded with the first call, whichever it is.
await client.experiments.get(experimentId);

async function search() {
  const begun = performance.now();
  const { items } = await client.runs.search(query).page();
  return { elapsedMs: performance.now() - begun, found: items.length };
}
const first = await search();
const second = await search();
report({
  found: first.found,
  firstMs: first.elapsedMs,
  secondMs: second.elapsedMs,
  residentMiB: process.memoryUsage().rss / 2 ** 20,
});
