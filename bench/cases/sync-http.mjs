// Runs of a directory, copied to an MLflow server until it has all their values; and the plainest client with the same values.
import { connect } from "tidemark";
import { memoryBackend } from "tidemark/memory";
import { sync } from "tidemark/sync";
import { address, BareLoop, logBatchBodies } from "./http-support.mjs";
import { count, realisticValues, report, variant } from "./support.mjs";

const RUNS = 4;
const valuesEach = count / RUNS;
const values = realisticValues(valuesEach);

async function tidemark() {
  const source = await connect(memoryBackend());
  for (let i = 0; i < RUNS; i++) {
    const { id: runId } = await source.runs.create({ experimentId: "0" });
    const metrics = Array.from(values, (value, step) => ({
      key: "loss",
      value,
      step,
      timestamp: 1_700_000_000_000 + step,
    }));
    await source.runs.logBatch({ runId, metrics });
  }
  const begun = performance.now();
  const { copied, failures } = await sync({ from: source, to: address });
  const elapsedMs = performance.now() - begun;
  if (copied.values !== count || failures.length > 0) throw new Error(JSON.stringify({ copied, failures }));
  return elapsedMs;
}

async function bareLoop() {
  const loop = new BareLoop();
  const ids = await loop.createRuns(RUNS);
  const bodies = ids.map((id) => logBatchBodies(id, values, (step) => 1_700_000_000_000 + step));
  const begun = performance.now();
  await Promise.all(
    bodies.map(async (ofRun) => {
      for (const body of ofRun) await loop.post("runs/log-batch", body);
    }),
  );
  const elapsedMs = performance.now() - begun;
  await loop.close();
  return elapsedMs;
}

const elapsedMs = await { tidemark, bareLoop }[variant]();
report({ valuesPerSecond: (count / elapsedMs) * 1_000 });
