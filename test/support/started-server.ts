import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "./child.ts";

/** Python's servers take long on a machine that does other things. */
const LONGEST_START_MS = 120_000;
const POLL_MS = 50;

/** How a server is started, and when it is there. */
export interface ServerStart {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** It has workers, which must end with it: all are killed together. Default false. */
  readonly hasWorkers?: boolean;
  /** Asked again and again until it is true. */
  readonly isThere: () => Promise<boolean>;
}

/** Starts a server, waits until it answers, and answers what kills it. */
export async function startServer(start: ServerStart): Promise<() => Promise<void>> {
  const { name, command, args, cwd, env, hasWorkers = false, isThere } = start;
  const server = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...plainEnvironment(), ...env },
    detached: hasWorkers,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    const isRunning = server.pid !== undefined && server.exitCode === null && server.signalCode === null;
    if (isRunning) process.kill(hasWorkers ? -(server.pid as number) : (server.pid as number), "SIGKILL");
    await ended;
  };
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await isThere())) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await kill();
      throw new Error(`${name} did not start:\n${said}`);
    }
    await sleep(POLL_MS);
  }
  return kill;
}

/** Whether there is an answer that is a good one. */
export const answers = (url: string, init?: RequestInit): Promise<boolean> =>
  fetch(url, init).then(
    ({ ok }) => ok,
    () => false,
  );
