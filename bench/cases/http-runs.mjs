// Many runs of one process at once, 1,000 values each, until the server has them all, against the same bodies in a bare loop.
import { BareLoop, endRuns, logBatchBodies, openRuns } from "./http-support.mjs";
import { count, realisticValues, report, variant } from "./support.mjs";

const VALUES_A_RUN = 1_000;
/** With 4 the server is fastest: it has 4 workers. */
const IN_FLIGHT = 4;
const values = realisticValues(VALUES_A_RUN);
/** Said, not taken from the clock: times of many runs that are alike put rows into other places of the server's index. */
const firstTime = Date.now();
const timestampOf = (step) => firstTime + step;

async function tidemark() {
  const opened = await openRuns(count);
  const { runs } = opened;
  const begun = performance.now();
  values.forEach((value, step) => {
    const timestamp = timestampOf(step);
    for (const run of runs) run.logMetric("loss", value, { timestamp });
  });
  await Promise.all(runs.map((run) => run.flush()));
  const elapsedMs = performance.now() - begun;
  await endRuns(opened, VALUES_A_RUN);
  return elapsedMs;
}

async function bareLoop() {
  const loop = new BareLoop();
  const bodies = (await loop.createRuns(count)).flatMap((runId) => logBatchBodies(runId, values, timestampOf));
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) await loop.post("runs/log-batch", body);
    }),
  );
  const elapsedMs = performance.now() - begun;
  await loop.close();
  return elapsedMs;
}

const elapsedMs = await { tidemark, bareLoop }[variant]();
report({ valuesPerSecond: ((count * VALUES_A_RUN) / elapsedMs) * 1_000 });
