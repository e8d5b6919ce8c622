// Cross-validation as a parent run with one child per fold. MLflow's UI folds the children under their parent.
import { connect, withRun } from "tidemark";

const FOLDS = 3;

const parentId = await withRun({ experiment: "examples", name: "cross-validation" }, async (parent) => {
  parent.logParam("folds", FOLDS);
  const accuracies = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const child = await parent.startChild({ name: `fold ${fold}`, params: { fold } });
    const accuracy = 0.9 + 0.02 * fold; // stands for training on all folds but this one
    child.logMetric("accuracy", accuracy);
    accuracies.push(accuracy);
    await child.end();
  }
  parent.logMetric("mean_accuracy", accuracies.reduce((sum, accuracy) => sum + accuracy) / FOLDS);
  return parent.id;
});

const client = await connect();
const parent = await client.runs.get(parentId);
console.log(`${parent.name}: mean accuracy ${parent.metrics.mean_accuracy.toFixed(3)}`);
for await (const { name, tags, metrics } of client.runs.search({ experimentIds: [parent.experimentId] })) {
  if (tags["mlflow.parentRunId"] === parentId) console.log(`  ${name}: accuracy ${metrics.accuracy.toFixed(2)}`);
}
