import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "./child.ts";
import { pythonPath } from "./peers.ts";
import { pythonEnvironment } from "./python.ts";

const LONGEST_START_MS = 60_000;

/** How MLflow's server is started. */
export interface MlflowServerOptions {
  /** URI of its store. Default: SQLite. */
  readonly store?: string;
  /** Where it runs, and keeps the artifacts it hands out. Default: a directory of its own that goes with it. */
  readonly cwd?: string;
  readonly port?: number;
  /** More of its command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that answers. */
export interface MlflowServer {
  readonly address: string;
  readonly port: number;
  /** Ends it at once, its workers too. */
  kill(): Promise<void>;
}

/** Starts MLflow's server with its UI on a store. */
export async function startMlflowServer(options: MlflowServerOptions): Promise<MlflowServer> {
  const { store = "sqlite:///mlflow.db", port = await freePort() } = options;
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), "tidemark-mlflow-"));
  const place = ["--backend-store-uri", store, "--port", String(port), "--workers", "1"];
  const args = ["-m", "mlflow", "server", ...place, ...(options.args ?? [])];
  // A group of its own: the server has workers, which must end with it.
  const server = spawn(pythonPath(), args, {
    cwd,
    // Nothing here gives it jobs to do, and the workers for them take longer to start than it does.
    env: { ...plainEnvironment(), ...pythonEnvironment, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", ...options.env },
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null)
      process.kill(-server.pid, "SIGKILL");
    await ended;
    if (options.cwd === undefined) rmSync(cwd, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await isHealthy(address))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await kill();
      throw new Error(`MLflow's server did not start:\n${said}`);
    }
    await sleep(100);
  }
  return { address, port, kill };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const isHealthy = (address: string) =>
  fetch(`${address}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
