import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { z } from "zod";
import { systemCodeOf } from "../../base/errors.ts";

export const ownerSchema = z.object({
  host: z.string(),
  // What is no process by itself stands for a group of them when it is asked for.
  pid: z.int().positive(),
  /** Process ids mean something only within one boot and one namespace. Absent where the system does not say. */
  boot: z.string().optional(),
  namespace: z.string().optional(),
  /** Ids are used again: when the process began, in the system's own ticks. */
  startedAt: z.string().optional(),
});
/** The process that works on a run, or on a part of the spool, so that others can tell whether it still lives. */
export type Owner = Readonly<z.infer<typeof ownerSchema>>;

/**
 * What can be known of a process: it runs, it is stopped by a signal or a debugger, it is gone, or it cannot be asked for from here,
 * nor told from another one with its id.
 */
export type ProcessState = "running" | "stopped" | "gone" | "unknown";

/** How long somebody on another machine, or in another container, may show no sign of life. */
const LONGEST_SILENCE_MS = 120_000;

/** This process. */
export function thisProcess(): Owner {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  const startedAt = statOf(process.pid)?.startedAt;
  return {
    host: attempt(hostname) ?? "",
    pid: process.pid,
    ...(boot === undefined ? {} : { boot }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/**
 * Whether the owner may still be at work. Where its process id can be asked for, that decides, however long it has been
 * silent: a training may block its event loop for hours. Elsewhere only what it has written last tells.
 *
 * @param signOfLifeMs - When it has written last.
 */
export function isAlive(owner: Owner, signOfLifeMs: number): boolean {
  const here = thisProcess();
  if (canAsk(owner, here)) return lookUp(owner) !== "gone";
  return !endedWithItsBoot(owner, here, signOfLifeMs) && Date.now() - signOfLifeMs < LONGEST_SILENCE_MS;
}

/**
 * What is known of a process without a look at its silence. Only the system's own word counts: where it does not say when a process began,
 * one that is there may be another.
 *
 * @param signOfLifeMs - When it has written last.
 */
export function processState(owner: Owner, signOfLifeMs: number): ProcessState {
  const here = thisProcess();
  if (canAsk(owner, here)) return lookUp(owner);
  return endedWithItsBoot(owner, here, signOfLifeMs) ? "gone" : "unknown";
}

const canAsk = (owner: Owner, here: Owner): boolean =>
  owner.host === here.host && owner.boot === here.boot && owner.namespace === here.namespace;

/** Two machines may have one name: only a boot after the last sign of life has ended what came before. */
const endedWithItsBoot = (owner: Owner, here: Owner, signOfLifeMs: number): boolean =>
  owner.host === here.host && owner.boot !== here.boot && signOfLifeMs < Date.now() - (attempt(uptime) ?? 0) * 1_000;

function lookUp({ pid, startedAt }: Owner): ProcessState {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if (systemCodeOf(error) === "ESRCH") return "gone";
  }
  const now = statOf(pid);
  // A zombie only waits for its parent to hear of its end.
  if (now?.state === "Z" || now?.state === "X") return "gone";
  if (now?.startedAt === undefined || startedAt === undefined) return "unknown";
  if (now.startedAt !== startedAt) return "gone";
  return now.state === "T" || now.state === "t" ? "stopped" : "running";
}

/** State and start of a process, the 3rd and 22nd field of Linux's `stat`; the second may hold spaces and parentheses. */
const statOf = (pid: number): { state?: string | undefined; startedAt?: string | undefined } | undefined =>
  attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], startedAt: fields[19] };
  });

/** What this system, or Deno without the permission, does not tell. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
