import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Client } from "../../src/tracking/client.ts";
import { type Ended, runProgram } from "./child.ts";
import { repository } from "./repository.ts";

export const bin = join(repository, "dist/cli.js");

/** Runs `tidemark` (built before) over a directory of runs, to its end. */
export function tidemark(mlruns: string, ...args: string[]): Promise<Ended> {
  return runProgram(bin, args, { cwd: mlruns, env: { MLFLOW_TRACKING_URI: mlruns, FORCE_COLOR: undefined } });
}

/** The same with a text on stdin. */
export function tidemarkWithInput(mlruns: string, input: string, ...args: string[]): Promise<Ended> {
  return runProgram(bin, args, { cwd: mlruns, env: { MLFLOW_TRACKING_URI: mlruns, FORCE_COLOR: undefined }, input });
}

// Node colours nothing in a CI, terminal or not.
const coloursByTerminal = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined };

/** The same in a terminal of some width. Python makes one: Node cannot without native code. */
export function tidemarkInTerminal(mlruns: string, columns: number, env: Record<string, string>, ...args: string[]) {
  const python = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
  const shell = `stty cols ${columns} rows 24; exec "$@"`;
  return runProgram("python3", ["-c", python, "sh", "-c", shell, "sh", bin, ...args], {
    cwd: mlruns,
    env: { MLFLOW_TRACKING_URI: mlruns, TERM: "xterm", ...coloursByTerminal, ...env },
  });
}

/** Starts `tidemark` without waiting for its end. */
export function startTidemark(mlruns: string, ...args: string[]) {
  const env = { ...process.env, MLFLOW_TRACKING_URI: mlruns };
  const child = spawn(bin, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, said, ended };
}

/** Where a run starts in a test. */
export interface RunSeed {
  readonly experiment?: string;
  readonly name?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Record<string, string>;
  /** The values of every metric, from step 0 on. */
  readonly metrics?: Readonly<Record<string, readonly number[]>>;
  readonly startTime?: number;
  readonly status?: "RUNNING" | "FINISHED" | "FAILED";
}

/** Writes a run and answers its id. */
export async function writeRun(client: Client, seed: RunSeed): Promise<string> {
  const experiment = seed.experiment ?? "digits";
  const known = await client.experiments.getByName(experiment);
  const experimentId = known?.id ?? (await client.experiments.create({ name: experiment }));
  const { name = "a run", tags = {}, startTime = Date.now(), status = "FINISHED" } = seed;
  const { id } = await client.runs.create({ experimentId, name, tags, startTime });
  await client.runs.logBatch({
    runId: id,
    params: Object.entries(seed.params ?? {}).map(([key, value]) => ({ key, value })),
    metrics: Object.entries(seed.metrics ?? {}).flatMap(([key, values]) =>
      values.map((value, step) => ({ key, value, step })),
    ),
  });
  if (status !== "RUNNING") await client.runs.update({ runId: id, status, endTime: startTime + 1_500 });
  return id;
}
