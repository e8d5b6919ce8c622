// What the cases are made of: variants in processes of their own, in alternation, and rows that say what was reached.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isSmoke, rounds } from "./options.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** What the cases that ran have to say, a line of the table each. */
export const rows = [];

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Runs a file of bench/cases in a process of its own, and answers what it reports. */
export async function runCase(file, args, nodeFlags = []) {
  const path = join(root, "bench/cases", file);
  const [program, flags] = file.endsWith(".py") ? [pythonProgram(), []] : [process.execPath, nodeFlags];
  const { stdout, stderr } = await promisify(execFile)(program, [...flags, path, ...args.map(String)], {
    maxBuffer: 2 ** 26,
    env: { ...process.env, PYTHONWARNINGS: "ignore", TIDEMARK_LOG: "silent" },
  });
  if (isSmoke) process.stderr.write(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/** The Python that has MLflow. */
export function pythonProgram() {
  const stamp = join(root, ".cache/python/stamp.json");
  if (!existsSync(stamp)) throw new Error("no Python with MLflow: run `npm run setup` first");
  return JSON.parse(readFileSync(stamp, "utf8")).program;
}

/** Runs variants in alternation and answers, per variant, the median of every figure. */
export async function alternate(variants, times = rounds) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < times; round++) {
    const names = Object.keys(variants);
    // Who goes first changes, so that nobody always runs on a warm or a tired machine.
    if (round % 2 === 1) names.reverse();
    for (const name of names) results[name].push(await variants[name]());
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [
      name,
      Object.fromEntries(Object.keys(runs[0]).map((figure) => [figure, median(runs.map((run) => run[figure]))])),
    ]),
  );
}

/** Gives `use` a directory that is gone afterwards. */
export async function withDirectory(use) {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One line of the table. `reached` compares a figure with what it must reach. */
export function row(bench, what, figure, limit, reached) {
  rows.push({ bench, what, figure, limit, reached });
  console.log(`${reached ? "ok  " : "MISS"} ${bench.padEnd(11)} ${what}: ${figure} (must reach ${limit})`);
}

export const atMost = (bench, what, value, limit, unit = "", digits = 2) =>
  row(bench, what, `${value.toFixed(digits)}${unit}`, `at most ${limit}${unit}`, value <= limit);
export const atLeast = (bench, what, value, limit, unit = "", digits = 2) =>
  row(bench, what, `${value.toFixed(digits)}${unit}`, `at least ${limit}${unit}`, value >= limit);
