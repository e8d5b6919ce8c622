// npm run bench [-- --smoke] [-- --only append,fs] [-- --write]
//
// Every case runs each of its variants in a process of its own, in alternation, so that a noisy moment of the machine hits all
// alike. What is printed are ratios of medians. --smoke only sees that everything runs; --write puts the table into
// docs/benchmarks.md.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values: options } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const rounds = options.smoke ? 1 : Number(options.rounds);
const rows = [];

/** Sizes: enough to measure, or just enough to see that a case works. */
const sized = (full, smoke) => (options.smoke ? smoke : full);

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function runCase(file, args, nodeFlags = []) {
  const path = join(root, "bench/cases", file);
  const [program, flags] = file.endsWith(".py") ? [pythonProgram(), []] : [process.execPath, nodeFlags];
  const output = execFileSync(program, [...flags, path, ...args.map(String)], {
    encoding: "utf8",
    env: { ...process.env, PYTHONWARNINGS: "ignore", TIDEMARK_LOG: "silent" },
    stdio: ["ignore", "pipe", options.smoke ? "inherit" : "ignore"],
  });
  return JSON.parse(output.trim().split("\n").at(-1));
}

function pythonProgram() {
  const stamp = join(root, ".cache/python/stamp.json");
  if (!existsSync(stamp)) throw new Error("no Python with MLflow: run `npm run setup` first");
  return JSON.parse(readFileSync(stamp, "utf8")).program;
}

/** Runs variants in alternation and answers, per variant, the median of every figure. */
function alternate(variants, times = rounds) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < times; round++) {
    const names = Object.keys(variants);
    // Who goes first changes, so that nobody always runs on a warm or a tired machine.
    if (round % 2 === 1) names.reverse();
    for (const name of names) results[name].push(variants[name]());
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [
      name,
      Object.fromEntries(Object.keys(runs[0]).map((figure) => [figure, median(runs.map((run) => run[figure]))])),
    ]),
  );
}

/** One line of the table. `reached` compares a figure with what it must reach. */
function row(bench, what, figure, limit, reached) {
  rows.push({ bench, what, figure, limit, reached });
  console.log(`${reached ? "ok  " : "MISS"} ${bench.padEnd(11)} ${what}: ${figure} (must reach ${limit})`);
}

const atMost = (bench, what, value, limit, unit = "", digits = 2) =>
  row(bench, what, `${value.toFixed(digits)}${unit}`, `at most ${limit}${unit}`, value <= limit);
const atLeast = (bench, what, value, limit, unit = "", digits = 2) =>
  row(bench, what, `${value.toFixed(digits)}${unit}`, `at least ${limit}${unit}`, value >= limit);

const cases = {
  append() {
    const count = sized(10_000_000, 100_000);
    const results = alternate({
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
  logMetrics() {
    const count = sized(5_000_000, 100_000);
    const { bare, logMetrics } = alternate({
      bare: () => runCase("log-metrics.mjs", ["bare", count]),
      logMetrics: () => runCase("log-metrics.mjs", ["logMetrics", count]),
    });
    const what = `logMetrics({loss, accuracy}) / two bare stores (${logMetrics.nsPerCall.toFixed(0)} ns against ${bare.nsPerCall.toFixed(0)} ns)`;
    atMost("logMetrics", what, logMetrics.nsPerCall / bare.nsPerCall, 2, "x");
  },
  fs() {
    const count = sized(1_000_000, 20_000);
    const results = alternate({
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
  pause() {
    const { fullSpeed, thousandASecond } = alternate({
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
  history() {
    const directory = mkdtempSync(join(os.tmpdir(), "tidemark-bench-"));
    try {
      const count = sized(1_000_000, 20_000);
      const { runId } = runCase("write-history.mjs", ["", count, directory]);
      const { tidemark, straightLine } = alternate({
        straightLine: () => runCase("history.mjs", ["straightLine", count, directory, runId]),
        tidemark: () => runCase("history.mjs", ["tidemark", count, directory, runId]),
      });
      // Minutes each: fewer rounds, still more than one.
      const { python } = alternate(
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
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  search() {
    const directory = mkdtempSync(join(os.tmpdir(), "tidemark-bench-"));
    try {
      const [few, many] = [sized(2_000, 50), sized(10_000, 250)];
      const stores = [few, many].map((count) => {
        const store = join(directory, String(count));
        return [store, runCase("write-runs.mjs", ["", count, store]).experimentId];
      });
      const { tidemark, python, large } = alternate({
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
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  autolog() {
    const steps = sized(100_000, 2_000);
    const variants = ["fit-bare", "fit-recorded", "minimize-bare", "minimize-recorded"];
    const results = alternate(
      Object.fromEntries(variants.map((name) => [name, () => runCase("autolog.mjs", [name, steps])])),
    );
    const added = (work) => results[`${work}-recorded`].usPerStep - results[`${work}-bare`].usPerStep;
    atMost("autolog", "added to a batch of fit with two metrics", added("fit"), 30, " µs");
    atMost("autolog", "added to a minimize", added("minimize"), 10, " µs");
    const { bare, recorded } = alternate({
      bare: () => runCase("autolog-training.mjs", ["bare", sized(10, 1)]),
      recorded: () => runCase("autolog-training.mjs", ["recorded", sized(10, 1)]),
    });
    const what = `a whole training, 380 batches on backend cpu, against ${bare.seconds.toFixed(2)} s without`;
    row("autolog", what, `${recorded.seconds.toFixed(2)} s`, "any: for the reader", true);
  },
  memory() {
    const count = sized(10_000_000, 500_000);
    const { queue } = alternate({ queue: () => runCase("memory.mjs", ["queue", count]) });
    const what = `resident growth over ${count.toLocaleString("en")} values while the sink stands still`;
    atMost("memory", what, queue.growthMiB, 64, " MiB", 1);
  },
};

const chosen = options.only === undefined ? Object.keys(cases) : options.only.split(",");
for (const name of chosen) {
  if (cases[name] === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(cases).join(", ")}`);
}
await build({
  entryPoints: [join(root, "src/queue/metric-queue.ts")],
  outfile: join(root, ".cache/bench/metric-queue.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "error",
});
for (const name of chosen) cases[name]();

if (options.write) {
  const table = rows.map(
    ({ bench, what, figure, limit, reached }) =>
      `| ${bench} | ${what} | ${figure} | ${limit} | ${reached ? "yes" : "no"} |`,
  );
  const page = [
    "# Benchmarks",
    "",
    "Written by `npm run bench -- --write`. Each variant ran in a process of its own, in alternation with the others; the figures are",
    `medians of ${rounds} rounds on Node ${process.versions.node} with ${os.cpus().length} shared cores (${os.cpus()[0]?.model ?? "unknown"}). Compare ratios, not absolutes.`,
    "",
    "| bench | measured | figure | must reach | reached |",
    "|---|---|---|---|---|",
    ...table,
    "",
    "How each is measured: `bench/cases/`. Named peers: Python MLflow 3.17.2 (FileStore), and the plainest loop that does the same work.",
    "",
  ].join("\n");
  writeFileSync(join(root, "docs/benchmarks.md"), page);
}
const missed = rows.filter(({ reached }) => !reached).length;
// A smoke run sees that the cases work; sizes that small say nothing about speed.
if (!options.smoke && missed > 0) process.exitCode = 1;
