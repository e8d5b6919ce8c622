// Runs, and a search over them.
import { connect, dataset, type Run, withRun } from "tidemark";

async function main(): Promise<void> {
  for (const lr of [0.1, 0.2]) {
    await withRun({ experiment: "matrix", params: { lr } }, (run: Run) => {
      for (let step = 0; step < 3; step++) run.logMetric("loss", lr / (step + 1));
      run.logMetrics({ a: 1, b: Number.NaN });
      run.setTag("kind", "small");
      run.logInput(dataset({ name: "numbers", data: [{ x: 1 }] }), { context: "training" });
    });
  }
  const client = await connect();
  const experiment = await client.experiments.getByName("matrix");
  if (experiment === undefined) throw new Error("the experiment is not there");
  const filter = "metrics.loss < 0.05 AND params.lr = '0.1' AND tags.kind = 'small'";
  const found = [];
  for await (const run of client.runs.search({ experimentIds: [experiment.id], filter })) found.push(run);
  const [best] = found;
  if (best === undefined) throw new Error("the search found nothing");
  const { steps, values } = await client.runs.metricHistory(best.id, "loss");
  const columns = { steps: [...steps], values: [...values] };
  console.log(JSON.stringify({ runId: best.id, found: found.length, inputs: best.inputs.length, columns }));
  await client.close();
}

// @ts-expect-error a metric is a number
export const wrong = (run: Run) => run.logMetric("loss", "0.5");

main();
