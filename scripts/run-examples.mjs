// Runs every example and every whole program of the documentation against the build in dist/, as a reader would: in an empty
// folder. What fails, or runs longer than it may, fails the whole.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { docExamples, quotedExamples } from "./doc-examples.mjs";

/** The promise for the quickstart on 2 cores; an example is to be waited for. */
const LONGEST_MS = 60_000;

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
// Below the repository, so that programs find the package by its name.
const written = fileURLToPath(new URL("../.cache/examples/", import.meta.url));

/** Node 20 runs no TypeScript. */
function writeProgram(name, code) {
  const program = join(written, `${name}.mjs`);
  mkdirSync(written, { recursive: true });
  writeFileSync(program, transformSync(code, { loader: "ts", format: "esm" }).code);
  return program;
}

/** Examples of other runtimes, which `npm run setup` installs, with what they are run with. */
const OTHER_RUNTIMES = {
  "bun.ts": { peer: "bun", args: [] },
  "deno.ts": {
    peer: "deno",
    args: ["run", "--no-prompt", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run"],
  },
};

/** The program of a runtime; `undefined` where it is not installed, which in CI is a failure. */
function programOf(name, peer) {
  const stamp = fileURLToPath(new URL(`../.cache/${peer}/stamp.json`, import.meta.url));
  if (existsSync(stamp)) return JSON.parse(readFileSync(stamp, "utf8")).program;
  console.warn(`${name}: LEFT OUT, there is no ${peer}: \`npm run setup\` installs it`);
  if (process.env.CI) process.exitCode = 1;
  return undefined;
}

/** Runs programs one after the other in one new folder. */
function runAll(name, programs, runtime = process.execPath, args = []) {
  const cwd = mkdtempSync(join(tmpdir(), "tidemark-example-"));
  const started = performance.now();
  for (const program of programs) {
    const { status, signal, error, stdout, stderr } = spawnSync(runtime, [...args, program], {
      cwd,
      env: { ...process.env, TIDEMARK_SPOOL_DIR: join(cwd, "spool") },
      encoding: "utf8",
      timeout: LONGEST_MS,
    });
    if (status === 0) continue;
    console.error(`${name}: ${error?.message ?? `ended with ${status ?? signal}`}\n${stdout}\n${stderr}`);
    process.exitCode = 1;
  }
  rmSync(cwd, { recursive: true, force: true });
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const examples = readdirSync(folder).filter((name) => /\.(mjs|cjs|ts)$/.test(name));
const documents = docExamples();
if (examples.length === 0 || documents.length === 0) throw new Error("there are no examples to run");

for (const name of examples) {
  const path = join(folder, name);
  const other = OTHER_RUNTIMES[name];
  if (other !== undefined) {
    const runtime = programOf(name, other.peer);
    if (runtime !== undefined) runAll(name, [path], runtime, other.args);
    continue;
  }
  runAll(name, [name.endsWith(".ts") ? writeProgram(name, readFileSync(path, "utf8")) : path]);
}
for (const { file, programs } of documents) {
  runAll(
    file,
    programs.map((code, index) => writeProgram(`${file.replaceAll("/", "-")}-${index}`, code)),
  );
}
for (const { page, file, isSame } of quotedExamples()) {
  if (isSame) continue;
  console.error(`${page} shows another ${file} than there is`);
  process.exitCode = 1;
}
