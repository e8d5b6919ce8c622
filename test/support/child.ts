import { spawn } from "node:child_process";

/** How a program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it reads from stdin. Default: nothing. */
  readonly input?: string;
}

/** Runs a program to its end, however it ends. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...plainEnvironment(), ...options.env };
    const child = spawn(command, args, { cwd: options.cwd, env, stdio: "pipe" });
    child.stdin.end(options.input);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs a program that must succeed, and answers what it printed. */
export async function succeed(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await runProgram(command, args, options);
  if (code !== 0) {
    throw new Error(`${[command, ...args].join(" ")} ended with ${code ?? signal}:\n${stdout}\n${stderr}`.trim());
  }
  return stdout.trim();
}

/**
 * The environment without what the machine, npm and vitest put there for this process only: a child shall see what a user's
 * program sees.
 */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_|MLFLOW_|TIDEMARK_|VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
