import { join } from "node:path";
import { succeed } from "./child.ts";
import { pythonPath } from "./peers.ts";
import { repository } from "./repository.ts";

/** What every Python with MLflow is started with. */
export const pythonEnvironment = {
  MLFLOW_ALLOW_FILE_STORE: "true",
  MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: "true",
  PYTHONWARNINGS: "ignore",
  PYTHONUTF8: "1",
};

/** Runs a script of test/peers/python and answers the JSON of its last line, if that is JSON. */
export async function runPython(script: string, args: readonly string[], cwd: string): Promise<unknown> {
  const output = await succeed(pythonPath(), [join(repository, "test/peers/python", script), ...args], {
    cwd,
    env: pythonEnvironment,
  });
  return output === "" ? undefined : JSON.parse(output.split("\n").at(-1) as string);
}

/** Runs MLflow's command line. */
export async function runMlflow(args: readonly string[], cwd: string): Promise<string> {
  return await succeed(pythonPath(), ["-m", "mlflow", ...args], { cwd, env: pythonEnvironment });
}

/** The 64 bits of a number in hexadecimal digits: equality that knows NaN and -0. */
export function bits(value: number): string {
  // There are many bit patterns of NaN, and none of them means anything.
  if (Number.isNaN(value)) return "7ff8000000000000";
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value);
  return bytes.getBigUint64(0).toString(16).padStart(16, "0");
}
