import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonPath } from "./peers.ts";
import { pythonEnvironment } from "./python.ts";
import { answers, startServer } from "./started-server.ts";

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
  const address = `http://127.0.0.1:${port}`;
  const kill = await startServer({
    name: "MLflow's server",
    command: pythonPath(),
    args,
    cwd,
    // Nothing here gives it jobs to do, and the workers for them take longer to start than it does.
    env: { ...pythonEnvironment, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", ...options.env },
    hasWorkers: true,
    isThere: () => answers(`${address}/health`),
  });
  return {
    address,
    port,
    kill: async () => {
      await kill();
      if (options.cwd === undefined) rmSync(cwd, { recursive: true, force: true });
    },
  };
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
