// One value into a sink that drops: run.logMetric and a handle against storing value, step and clock in typed arrays.
import { count, droppingRun, report, variant } from "./support.mjs";

const ROOM = 4_096;
const WARM_UP = 200_000;

function bare(n) {
  const values = new Float64Array(ROOM);
  const steps = new Float64Array(ROOM);
  const timestamps = new Float64Array(ROOM);
  let index = 0;
  for (let i = 0; i < n; i++) {
    values[index] = i * 0.1;
    steps[index] = i;
    timestamps[index] = Date.now();
    index = (index + 1) & (ROOM - 1);
  }
  return values[0] + steps[1] + timestamps[2];
}

let body = bare;
if (variant !== "bare") {
  const run = await droppingRun();
  const loss = run.metric("handle");
  body =
    variant === "logMetric"
      ? (n) => {
          for (let i = 0; i < n; i++) run.logMetric("loss", i * 0.1);
        }
      : (n) => {
          for (let i = 0; i < n; i++) loss.log(i * 0.1);
        };
}
body(WARM_UP);
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const begun = performance.now();
body(count);
const elapsedMs = performance.now() - begun;
globalThis.gc?.();
report({
  nsPerValue: (elapsedMs * 1e6) / count,
  heapBytesPerValue: (process.memoryUsage().heapUsed - heapBefore) / count,
});
