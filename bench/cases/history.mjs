// The whole history of one metric: metricHistory against a straight-line parse of the same file. The directory comes from the
// runner, so that Python reads the same one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "tidemark";
import { report, variant } from "./support.mjs";

const [, , , , directory, runId] = process.argv;

function straightLine() {
  const experiment = readdirSync(directory).find((name) => readdirSync(join(directory, name)).includes(runId));
  const text = readFileSync(join(directory, experiment, runId, "metrics", "loss"), "latin1");
  const timestamps = [];
  const values = [];
  const steps = [];
  for (let start = 0; start < text.length; ) {
    const first = text.indexOf(" ", start);
    const second = text.indexOf(" ", first + 1);
    const end = text.indexOf("\n", second + 1);
    timestamps.push(Number(text.slice(start, first)));
    values.push(Number(text.slice(first + 1, second)));
    steps.push(Number(text.slice(second + 1, end)));
    start = end + 1;
  }
  return {
    values: Float64Array.from(values),
    steps: Float64Array.from(steps),
    timestamps: Float64Array.from(timestamps),
  };
}

const client = await connect(directory);
const begun = performance.now();
const history = variant === "tidemark" ? await client.runs.metricHistory(runId, "loss") : straightLine();
const elapsedMs = performance.now() - begun;
report({ pointsPerSecond: (history.values.length / elapsedMs) * 1_000, points: history.values.length, elapsedMs });
