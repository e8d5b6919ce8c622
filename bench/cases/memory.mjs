// Values appended while the sink stands still and a journal takes what memory should not hold. The journal writes to a file, as a
// spool does, and remembers nothing itself.
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MetricQueue } from "../../.cache/bench/metric-queue.mjs";
import { count, report, scratchDirectory } from "./support.mjs";

const file = openSync(join(scratchDirectory(), "journal"), "w");
let position = 0;
const journal = {
  append({ batch: { metrics } }) {
    const { length } = metrics;
    for (const column of [metrics.seriesIds, metrics.values, metrics.timestamps, metrics.steps]) {
      writeSync(file, column.subarray(0, length));
    }
    const start = position;
    position += length * 28;
    return { status: "ok", position: start, next: position };
  },
  read: () => undefined,
  retire: () => {},
  makeDurable: async () => {},
  close: () => {},
};
const sink = { limits: {}, write: () => new Promise(() => {}), close: () => {} };
const queue = new MetricQueue({ sink, journal });
const loss = queue.addSeries({ key: "loss" });
// What one chunk and the compiled code cost is there once, whatever the number of values.
for (let i = 0; i < 10_000; i++) queue.append(loss, i, Date.now(), i, Date.now());
const before = process.memoryUsage.rss();
const begun = performance.now();
let most = before;
for (let i = 0; i < count; i++) {
  const now = Date.now();
  queue.append(loss, i * 0.1, now, i, now);
  if (i % 100_000 === 0) most = Math.max(most, process.memoryUsage.rss());
}
const elapsedMs = performance.now() - begun;
const { pending, dropped } = queue.stats;
report({ growthMiB: (most - before) / 2 ** 20, nsPerValue: (elapsedMs * 1e6) / count, pending, dropped });
process.exit(0);
