// Two values at one step: run.logMetrics against two bare stores with one clock read.
import { count, droppingRun, report, variant } from "./support.mjs";

const ROOM = 8_192;
const WARM_UP = 200_000;

function bare(n) {
  const values = new Float64Array(ROOM);
  const steps = new Float64Array(ROOM);
  const timestamps = new Float64Array(ROOM);
  let index = 0;
  const store = (metrics) => {
    const now = Date.now();
    values[index] = metrics.loss;
    steps[index] = index;
    timestamps[index] = now;
    values[index + 1] = metrics.accuracy;
    steps[index + 1] = index;
    timestamps[index + 1] = now;
    index = (index + 2) & (ROOM - 1);
  };
  for (let i = 0; i < n; i++) store({ loss: i * 0.1, accuracy: i * 0.2 });
  return values[0] + steps[1] + timestamps[2];
}

let body = bare;
if (variant !== "bare") {
  const run = await droppingRun();
  body = (n) => {
    for (let i = 0; i < n; i++) run.logMetrics({ loss: i * 0.1, accuracy: i * 0.2 });
  };
}
body(WARM_UP);
const begun = performance.now();
body(count);
report({ nsPerCall: ((performance.now() - begun) * 1e6) / count });
