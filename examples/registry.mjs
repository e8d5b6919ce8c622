// Two models, one name: the better one becomes the champion, and programs that ask for "the champion" get it from then on.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, startRun } from "tidemark";
import { compareVersions, downloadModel, promote, register, resolveModelUri } from "tidemark/registry";

const client = await connect("./mlruns");

/** A run that has trained something, and a directory with what came of it: an MLmodel and the files it speaks of. */
async function train(learningRate, accuracy) {
  const run = await startRun({ client, experiment: "digits", params: { learningRate } });
  run.logMetric("accuracy", accuracy);
  await run.end();
  const directory = `model-${run.id}`;
  await mkdir(directory);
  await writeFile(`${directory}/weights.txt`, String(learningRate));
  await writeFile(`${directory}/MLmodel`, `flavors:\n  javascript:\n    data: weights.txt\nrun_id: ${run.id}\n`);
  return directory;
}

// A local directory is uploaded; the run it comes from is in its MLmodel.
await register(await train(0.1, 0.91), "digits", { client, alias: "champion", description: "The *first* one." });
const challenger = await register(await train(0.01, 0.97), "digits", { client, alias: "challenger" });
console.log(`version ${challenger.version} comes from run ${challenger.runId}`);

const { metrics } = await compareVersions("models:/digits@champion", "models:/digits@challenger", { client });
const { from, to } = metrics.changed.accuracy;
console.log(`accuracy: ${from} becomes ${to}`);

const promotion = await promote({ client, from: "models:/digits@challenger", to: { alias: "champion" } });
console.log(`version ${promotion.version.version} takes the place of ${promotion.previous}`);

const { name, version, localDirectory } = await resolveModelUri("models:/digits@champion", { client });
console.log(`${name} ${version} is in ${localDirectory}`);
const copy = await downloadModel("models:/digits@champion", { client, destination: "deployed" });
console.log(await readFile(`${copy}/weights.txt`, "utf8"));

// To a registry elsewhere the files go along. Doing it again copies nothing.
const production = await connect("./production");
for (const time of ["first", "second"]) {
  const { copied } = await promote({
    client,
    from: "models:/digits@champion",
    to: { client: production, alias: "champion" },
  });
  console.log(`the ${time} time ${copied ? "it is copied" : "it is there already"}`);
}
await production.close();
await client.close();
