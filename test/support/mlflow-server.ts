import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { plainEnvironment } from "./child.ts";
import { pythonPath } from "./peers.ts";
import { pythonEnvironment } from "./python.ts";

const LONGEST_START_MS = 60_000;

/** Starts MLflow's server with its UI on a store, stops it after the test, and answers its address. */
export async function startMlflowServer(store: string, cwd: string): Promise<string> {
  const port = await freePort();
  const args = ["-m", "mlflow", "server", "--backend-store-uri", store, "--port", String(port), "--workers", "1"];
  // A group of its own: the server has workers, which must end with it.
  const server = spawn(pythonPath(), args, {
    cwd,
    env: { ...plainEnvironment(), ...pythonEnvironment },
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  onTestFinished(async () => {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, "SIGKILL");
    await ended;
  });
  const address = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await isHealthy(address))) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error(`MLflow's server did not start:\n${said}`);
    await sleep(200);
  }
  return address;
}

async function freePort(): Promise<number> {
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
