// Cases of the queue and of the filesystem backend: what one value costs, and what disks and files allow.
import { join } from "node:path";
import { build } from "esbuild";
import { alternate, atLeast, atMost, root, runCase, withDirectory } from "./harness.mjs";
import { rounds, sized } from "./options.mjs";

export const localCases = {
  async append() {
    const count = sized(10_000_000, 100_000);
    const results = await alternate({
      bare: () => runCase("append.mjs", ["bare", count], ["--expose-gc"]),
      logMetric: () => runCase("append.mjs", ["logMetric", count], ["--expose-gc"]),
      handle: () => runCase("append.mjs", ["handle", count], ["--expose-gc"]),
    });
    const { bare, logMetric, handle } = results;
    const of = (variant) => `(${variant.nsPerValue.toFixed(0)} ns against ${bare.nsPerValue.toFixed(0)} ns)`;
    atMost("append", `logMetric / bare store ${of(logMetric)}`, logMetric.nsPerValue / bare.nsPerValue, 1.5, "x");
    atMost("append", `metric(k).log / bare store ${of(handle)}`, handle.nsPerValue / bare.nsPerValue, 1.3, "x");
    atMost("append", "heap a value", logMetric.heapBytesPerValue, 1, " bytes", 3);
  },
  async logMetrics() {
    const count = sized(5_000_000, 100_000);
    const { bare, logMetrics } = await alternate({
      bare: () => runCase("log-metrics.mjs", ["bare", count]),
      logMetrics: () => runCase("log-metrics.mjs", ["logMetrics", count]),
    });
    const what = `logMetrics({loss, accuracy}) / two bare stores (${logMetrics.nsPerCall.toFixed(0)} ns against ${bare.nsPerCall.toFixed(0)} ns)`;
    atMost("logMetrics", what, logMetrics.nsPerCall / bare.nsPerCall, 2, "x");
  },
  async fs() {
    const count = sized(1_000_000, 20_000);
    const results = await alternate({
      straightLine: () => runCase("fs-write.mjs", ["straightLine", count]),
      tidemark: () => runCase("fs-write.mjs", ["tidemark", count]),
      pythonBatch: () => runCase("fs_write.py", ["log_batch", sized(20_000, 2_000)]),
      pythonMetric: () => runCase("fs_write.py", ["log_metric", sized(2_000, 100)]),
    });
    const rate = (name) => results[name].valuesPerSecond;
    const k = (name) => `${(rate(name) / 1_000).toFixed(rate(name) < 100_000 ? 1 : 0)} k/s`;
    const ours = rate("tidemark");
    atLeast(
      "fs",
      `rate / straight-line loop (${k("tidemark")} against ${k("straightLine")})`,
      ours / rate("straightLine"),
      0.8,
      "x",
    );
    atLeast("fs", `rate / Python log_batch of 1,000 (${k("pythonBatch")})`, ours / rate("pythonBatch"), 100, "x", 0);
    atLeast("fs", `rate / Python log_metric (${k("pythonMetric")})`, ours / rate("pythonMetric"), 500, "x", 0);
  },
  async pause() {
    const { fullSpeed, thousandASecond } = await alternate({
      fullSpeed: () => runCase("pause.mjs", ["fullSpeed", sized(2_000_000, 50_000)]),
      thousandASecond: () => runCase("pause.mjs", ["thousandASecond", sized(4_000, 200)]),
    });
    const max = (result) => `(longest ${result.maxMs.toFixed(2)} ms)`;
    atMost("pause", `p99.9 of a call at full speed ${max(fullSpeed)}`, fullSpeed.p999Ms, 5, " ms", 3);
    const onDisk = `${(thousandASecond.onDiskAtOnce * 100).toFixed(0)} % on disk when the call returns`;
    atMost(
      "pause",
      `p99.9 of a call at 1,000 a second ${max(thousandASecond)}, ${onDisk}`,
      thousandASecond.p999Ms,
      5,
      " ms",
      3,
    );
  },
  async history() {
    await withDirectory(async (directory) => {
      const count = sized(1_000_000, 20_000);
      const { runId } = await runCase("write-history.mjs", ["", count, directory]);
      const { tidemark, straightLine } = await alternate({
        straightLine: () => runCase("history.mjs", ["straightLine", count, directory, runId]),
        tidemark: () => runCase("history.mjs", ["tidemark", count, directory, runId]),
      });
      // Minutes each: fewer rounds, still more than one.
      const { python } = await alternate(
        { python: () => runCase("history.py", ["", count, directory, runId]) },
        sized(Math.min(3, rounds), 1),
      );
      const ms = (result) => `${result.elapsedMs.toFixed(0)} ms`;
      const ours = tidemark.pointsPerSecond;
      atLeast(
        "history",
        `rate / Python get_metric_history (${ms(tidemark)} against ${ms(python)})`,
        ours / python.pointsPerSecond,
        200,
        "x",
        0,
      );
      atLeast(
        "history",
        `rate / straight-line parse (${ms(straightLine)})`,
        ours / straightLine.pointsPerSecond,
        0.9,
        "x",
      );
    });
  },
  async search() {
    await withDirectory(async (directory) => {
      const [few, many] = [sized(2_000, 50), sized(10_000, 250)];
      const stores = [];
      for (const count of [few, many]) {
        const store = join(directory, String(count));
        stores.push([store, (await runCase("write-runs.mjs", ["", count, store])).experimentId]);
      }
      const { tidemark, python, large } = await alternate({
        tidemark: () => runCase("search.mjs", ["", 0, ...stores[0]]),
        python: () => runCase("search.py", ["", 0, ...stores[0]]),
        large: () => runCase("search.mjs", ["", 0, ...stores[1]]),
      });
      const ms = (value) => `${value.toFixed(0)} ms`;
      const against = `against ${ms(python.elapsedMs)} of Python`;
      atLeast(
        "search",
        `of ${few} runs, the first in the process (${ms(tidemark.firstMs)} ${against})`,
        python.elapsedMs / tidemark.firstMs,
        4,
        "x",
      );
      atLeast(
        "search",
        `the second in the process (${ms(tidemark.secondMs)} ${against})`,
        python.elapsedMs / tidemark.secondMs,
        8,
        "x",
      );
      // The page stays as long as it was, so a little less than five times is fair.
      const growth = large.firstMs / tidemark.firstMs / (many / few);
      atMost("search", `time for 5 times the runs, a run (${ms(large.firstMs)})`, growth, 1.2, "x");
      atMost("search", `resident size with ${many} runs`, large.residentMiB, 200, " MiB", 0);
    });
  },
  async memory() {
    // The queue without its package: what stands still here is a sink that no backend has.
    await build({
      entryPoints: [join(root, "src/queue/metric-queue.ts")],
      outfile: join(root, ".cache/bench/metric-queue.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
    });
    const count = sized(10_000_000, 500_000);
    const { queue } = await alternate({ queue: () => runCase("memory.mjs", ["queue", count]) });
    const what = `resident growth over ${count.toLocaleString("en")} values while the sink stands still`;
    atMost("memory", what, queue.growthMiB, 64, " MiB", 1);
  },
};
