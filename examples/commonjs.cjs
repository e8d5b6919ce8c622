// The same package from CommonJS, where there is no top-level await.
const { withRun } = require("tidemark");

async function main() {
  const run = await withRun({ experiment: "examples", name: "commonjs" }, (run) => {
    run.logParam("module.system", "commonjs");
    for (let step = 0; step < 10; step++) run.logMetric("loss", 1 / (step + 1));
    return run;
  });
  console.log(`run ${run.id} is ${run.status}; ${run.stats.acknowledged} of ${run.stats.appended} entries are written`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
