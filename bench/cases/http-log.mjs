// Values logged one by one until the server has them all: tidemark, pre-rendered bodies in a bare loop (the server's limit), and
// npm `mlflow`, which sends each by itself.
import MLflow from "mlflow";
import { address, BareLoop, endRuns, logBatchBodies, openRuns } from "./http-support.mjs";
import { count, realisticValues, report, variant } from "./support.mjs";

const values = realisticValues(count);

async function tidemark() {
  const opened = await openRuns(1);
  const [run] = opened.runs;
  const begun = performance.now();
  for (const value of values) run.logMetric("loss", value);
  await run.flush();
  const elapsedMs = performance.now() - begun;
  await endRuns(opened, count);
  return elapsedMs;
}

async function bareLoop() {
  const loop = new BareLoop();
  const [runId] = await loop.createRuns(1);
  const bodies = logBatchBodies(runId, values, () => Date.now());
  const begun = performance.now();
  for (const body of bodies) await loop.post("runs/log-batch", body);
  const elapsedMs = performance.now() - begun;
  await loop.close();
  return elapsedMs;
}

async function npmMlflow() {
  const loop = new BareLoop();
  const [run_id] = await loop.createRuns(1);
  await loop.close();
  const { Runs } = new MLflow({ endpoint: address });
  // It prints every request; a terminal is not what is measured.
  const { log } = console;
  console.log = () => {};
  const begun = performance.now();
  for (let step = 0; step < count; step++) {
    await Runs.logMetric({ run_id, key: "loss", value: values[step], timestamp: Date.now(), step });
  }
  const elapsedMs = performance.now() - begun;
  console.log = log;
  return elapsedMs;
}

const elapsedMs = await { tidemark, bareLoop, npmMlflow }[variant]();
report({ valuesPerSecond: (count / elapsedMs) * 1_000 });
