import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "tidemark";

const SPARKLINE_WIDTH = 60;
const BLOCKS = "▁▂▃▄▅▆▇█";

/** Reads a run back from where it was written, and prints what is there. */
export async function printReport(runId) {
  const client = await connect();
  const run = await client.runs.get(runId);
  const histories = await Promise.all(
    Object.keys(run.metrics).map(async (key) => ({ key, ...(await client.runs.metricHistory(runId, key)) })),
  );
  const artifacts = await client.artifacts.list({ runId });
  const confusion = await client.artifacts.read({ runId, path: "confusion-matrix.txt" });
  await client.close();

  const seconds = (run.endTime - run.startTime) / 1000;
  const params = Object.entries(run.params).map(([key, value]) => `${key}=${value}`);
  const datasets = run.inputs.map(({ dataset, tags }) => `${dataset.name} (${tags["mlflow.data.context"]})`);
  const files = artifacts.map(({ path, isDirectory }) => (isDirectory ? `${path}/` : path));
  const batchLoss = histories.find(({ key }) => key === "batch_loss");
  console.log(`
Run       ${run.name}, ${run.status} after ${seconds.toFixed(1)} s
Id        ${run.id}
Where     ${placeOf(client, run)}
Params    ${params.join("  ")}
Datasets  ${datasets.join(", ")}
Artifacts ${files.join(", ")}

${metricTable(histories)}

batch_loss, ${batchLoss.values.length} values, logarithmic
${sparkline(batchLoss.values)}

${new TextDecoder().decode(confusion)}
${howToSee(client)}`);
}

/** Says what to do where the server was away until the run's end. */
export function printWhereItWaits(run) {
  console.log(`
Run       ${run.name}, ${run.status}
Id        ${run.id}, until the server gives it one

Its server does not answer. The run waits on this disk, as \`npx tidemark spool list\` shows; when the server is there,
  npx tidemark spool replay
brings it there.`);
}

/** The directory of a run's files, here or in a bucket, or its page at the server. */
function placeOf({ uri }, { id, experimentId, artifactUri }) {
  if (uri.startsWith("http")) return `${uri}/#/experiments/${experimentId}/runs/${id}`;
  return artifactUri.startsWith("file:") ? dirname(fileURLToPath(artifactUri)) : artifactUri.replace(/\/[^/]*$/, "");
}

function howToSee({ uri }) {
  if (uri.startsWith("http")) return `Look at it in MLflow's UI: ${uri}`;
  if (!uri.startsWith("file:")) return `Look at it: npx tidemark --uri ${uri} runs list`;
  const directory = quoteForShell(shortPath(fileURLToPath(uri)));
  return `Look at it in MLflow's UI:\n  MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ${directory}`;
}

/** Rows are what was written, columns what the model saw in it. */
export function formatConfusionMatrix(counts) {
  const cell = (content) => String(content).padStart(4);
  const header = `test images${counts.map((_, digit) => cell(digit)).join("")}  <- recognized as`;
  const rows = counts.map((row, digit) => `${cell(digit).padStart(11)}${row.map((n) => cell(n || ".")).join("")}`);
  return `${[header, ...rows].join("\n")}\n`;
}

function metricTable(histories) {
  const formatRow = ([key, ...cells]) => `${key.padEnd(20)}${cells.map((cell) => cell.padStart(10)).join("")}`;
  const rows = histories.map(({ key, values }) => {
    const best = key.endsWith("loss") ? minimum(values) : maximum(values);
    return [key, ...[values[0], values.at(-1), best].map(shortNumber), String(values.length)];
  });
  return [["metric", "first", "last", "best", "values"], ...rows].map(formatRow).join("\n");
}

const shortNumber = (value) => value.toFixed(Math.abs(value) < 1_000 ? 4 : 0);

/** Averages of equally long stretches, on a logarithmic scale: a loss falls through orders of magnitude. */
function sparkline(values) {
  const width = Math.min(SPARKLINE_WIDTH, values.length);
  const heights = Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.floor(((column + 1) * values.length) / width);
    const average = values.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    return Math.log(Math.max(average, Number.MIN_VALUE));
  });
  const lowest = minimum(heights);
  const range = maximum(heights) - lowest || 1;
  return heights.map((value) => BLOCKS[Math.round(((value - lowest) / range) * (BLOCKS.length - 1))]).join("");
}

const minimum = (values) => values.reduce((least, value) => Math.min(least, value));
const maximum = (values) => values.reduce((most, value) => Math.max(most, value));

/** Below the current directory a relative path is the one people would type. */
function shortPath(path) {
  const below = relative(process.cwd(), path);
  return below.startsWith("..") || below === "" ? path : `.${sep}${below}`;
}

/** In single quotes a POSIX shell takes everything literally but the single quote itself. */
function quoteForShell(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
