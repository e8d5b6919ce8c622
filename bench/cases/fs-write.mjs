// Values of 10 keys from the first append to closed files.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { connect, startRun } from "tidemark";
import { count, realisticValues, report, scratchDirectory, variant } from "./support.mjs";

const KEYS = Array.from({ length: 10 }, (_, index) => `metric_${index}`);
const BLOCK_CHARACTERS = 65_536;
const values = realisticValues(count);
const directory = scratchDirectory();

/** The best straight line we know: strings grown per file, the text of the clock kept while it stands. */
function straightLine() {
  mkdirSync(join(directory, "metrics"), { recursive: true });
  const files = KEYS.map((key) => openSync(join(directory, "metrics", key), "a"));
  const blocks = KEYS.map(() => "");
  let lastTime = 0;
  let timePrefix = "";
  for (let i = 0; i < count; i++) {
    const now = Date.now();
    if (now !== lastTime) {
      lastTime = now;
      timePrefix = `${now} `;
    }
    const key = i % 10;
    blocks[key] += `${timePrefix + values[i]} ${(i / 10) | 0}\n`;
    if (blocks[key].length >= BLOCK_CHARACTERS) {
      writeSync(files[key], blocks[key], null, "latin1");
      blocks[key] = "";
    }
  }
  for (let key = 0; key < 10; key++) {
    writeSync(files[key], blocks[key], null, "latin1");
    closeSync(files[key]);
  }
}

async function tidemark() {
  const client = await connect(join(directory, "mlruns"));
  const run = await startRun({ client, captureEnvironment: false });
  const begun = performance.now();
  for (let i = 0; i < count; i++) run.logMetric(KEYS[i % 10], values[i]);
  await run.end();
  await client.close();
  return performance.now() - begun;
}

let elapsedMs;
if (variant === "tidemark") elapsedMs = await tidemark();
else {
  const begun = performance.now();
  straightLine();
  elapsedMs = performance.now() - begun;
}
report({ valuesPerSecond: (count / elapsedMs) * 1_000 });
