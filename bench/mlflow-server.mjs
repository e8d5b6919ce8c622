// MLflow's own server on SQLite, in a fresh directory, for the cases that need one. Started by the first of them, gone with the process.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.mjs";
import { pythonProgram } from "./harness.mjs";

const LONGEST_START_MS = 120_000;

let address;

/** Where the server listens: `http://127.0.0.1:PORT`. */
export function serverAddress() {
  address ??= start();
  return address;
}

async function start() {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-mlflow-"));
  const port = await freePort();
  const args = ["--backend-store-uri", "sqlite:///mlflow.db", "--port", String(port)];
  // A group of its own: the server has workers, which must end with it.
  const server = spawn(pythonProgram(), ["-m", "mlflow", "server", ...args], {
    cwd: directory,
    env: { ...withoutSettings(process.env), PYTHONWARNINGS: "ignore" },
    detached: true,
    stdio: "ignore",
  });
  server.unref();
  process.on("exit", () => {
    if (server.exitCode === null && server.signalCode === null) process.kill(-server.pid, "SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const started = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await isHealthy(started))) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error("MLflow's server did not start");
    await sleep(100);
  }
  return started;
}

/** What is set for the caller's own MLflow must not change this one. */
const withoutSettings = (env) => Object.fromEntries(Object.entries(env).filter(([name]) => !/^MLFLOW_/.test(name)));

const isHealthy = (url) =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
