// Runs every example in an empty folder of its own, as a reader would, against the build in dist/. An example that fails, or
// that runs longer than it may, fails the whole.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

/** The promise for the quickstart on 2 cores; an example is to be waited for. */
const LONGEST_MS = 60_000;

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const compiled = fileURLToPath(new URL("../.cache/examples/", import.meta.url));
const examples = readdirSync(folder).filter((name) => /\.(mjs|cjs|ts)$/.test(name));
if (examples.length === 0) throw new Error("examples/ holds nothing to run");

/** Node 20 runs no TypeScript. Below the repository the example still finds the package by its name. */
function programOf(name) {
  if (!name.endsWith(".ts")) return join(folder, name);
  const { code } = transformSync(readFileSync(join(folder, name), "utf8"), { loader: "ts", format: "esm" });
  const program = join(compiled, name.replace(/ts$/, "mjs"));
  mkdirSync(compiled, { recursive: true });
  writeFileSync(program, code);
  return program;
}

for (const name of examples) {
  const cwd = mkdtempSync(join(tmpdir(), "tidemark-example-"));
  const started = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync(process.execPath, [programOf(name)], {
    cwd,
    encoding: "utf8",
    timeout: LONGEST_MS,
  });
  rmSync(cwd, { recursive: true, force: true });
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (status === 0) {
    console.log(`${name}: ok, ${seconds}`);
  } else {
    console.error(`${name}: ${error?.message ?? `ended with ${status ?? signal}`}, ${seconds}\n${stdout}\n${stderr}`);
    process.exitCode = 1;
  }
}
