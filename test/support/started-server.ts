import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "./child.ts";

const LONGEST_START_MS = 60_000;
const POLL_MS = 50;

/** How a server is started, and when it is there. */
export interface ServerStart {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Asked again and again until it is true. */
  readonly isThere: () => Promise<boolean>;
}

/** Starts a server, waits until it answers, and answers what kills it. */
export async function startServer({ name, command, args, env, isThere }: ServerStart): Promise<() => Promise<void>> {
  const server = spawn(command, args, {
    env: { ...plainEnvironment(), ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    server.kill("SIGKILL");
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
