import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "./child.ts";
import { pythonPath } from "./peers.ts";
import { pythonEnvironment } from "./python.ts";

const LONGEST_START_MS = 100_000;

/** The environment of a shell in which `mlflow` was installed: its server looks for uvicorn on the path. */
export const shellEnvironment = (): NodeJS.ProcessEnv => {
  const plain = plainEnvironment();
  const path = [dirname(pythonPath()), dirname(process.execPath), plain.PATH].join(delimiter);
  return { ...plain, ...pythonEnvironment, PATH: path };
};

/** MLflow's server for the predictions of one model. */
export interface ScoringServer {
  /** Answers a request for a prediction. */
  ask(contentType: "json" | "csv", body: string): Promise<{ status: number; text: string }>;
  /** Ends it at once, its workers too. */
  kill(): Promise<void>;
}

/** Starts a server by the line that a person types, and waits until it answers at a port. */
export async function startScoringServer(command: string, cwd: string, port: number): Promise<ScoringServer> {
  // A group of its own: the server has workers, which must end with it.
  const server = spawn("bash", ["-c", command], {
    cwd,
    env: shellEnvironment(),
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
      process.kill(-server.pid, "SIGKILL");
    }
    await ended;
  };
  const address = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await answers(address))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await kill();
      throw new Error(`${command} did not start:\n${said}`);
    }
    await sleep(100);
  }
  const ask = async (contentType: "json" | "csv", body: string) => {
    const headers = { "content-type": contentType === "json" ? "application/json" : "text/csv" };
    const answer = await fetch(`${address}/invocations`, { method: "POST", headers, body });
    return { status: answer.status, text: await answer.text() };
  };
  return { ask, kill };
}

const answers = (address: string) =>
  fetch(`${address}/ping`).then(
    ({ ok }) => ok,
    () => false,
  );
