import { delimiter, dirname } from "node:path";
import { plainEnvironment } from "./child.ts";
import { pythonPath } from "./peers.ts";
import { pythonEnvironment } from "./python.ts";
import { answers, startServer } from "./started-server.ts";

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
  const address = `http://127.0.0.1:${port}`;
  const kill = await startServer({
    name: command,
    command: "bash",
    args: ["-c", command],
    cwd,
    env: shellEnvironment(),
    hasWorkers: true,
    isThere: () => answers(`${address}/ping`),
  });
  const ask = async (contentType: "json" | "csv", body: string) => {
    const headers = { "content-type": contentType === "json" ? "application/json" : "text/csv" };
    const answer = await fetch(`${address}/invocations`, { method: "POST", headers, body });
    return { status: answer.status, text: await answer.text() };
  };
  return { ask, kill };
}
