import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { systemCodeOf } from "../../base/errors.ts";

/** The process that works on a part of the spool, so that others can tell whether it still lives. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Process ids mean something only within one boot and one namespace. Absent where the system does not say. */
  readonly boot?: string;
  readonly namespace?: string;
  /** Ids are used again: when the process began, in the system's own ticks. */
  readonly startedAt?: string;
}

/** How long somebody on another machine, or in another container, may show no sign of life. */
const LONGEST_SILENCE_MS = 120_000;

/** This process. */
export function thisProcess(): Owner {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  const startedAt = startOf(process.pid);
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
  const canAsk = owner.host === here.host && owner.boot === here.boot && owner.namespace === here.namespace;
  if (canAsk) return isRunning(owner);
  const bootedAt = Date.now() - (attempt(uptime) ?? 0) * 1_000;
  const isBeforeBoot = owner.host === here.host && owner.boot !== here.boot && signOfLifeMs < bootedAt;
  return !isBeforeBoot && Date.now() - signOfLifeMs < LONGEST_SILENCE_MS;
}

function isRunning({ pid, startedAt }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return systemCodeOf(error) !== "ESRCH";
  }
  const now = startOf(pid);
  return startedAt === undefined || now === undefined || now === startedAt;
}

/** The 22nd field of Linux's `stat`; the second may hold spaces and parentheses. */
const startOf = (pid: number): string | undefined =>
  attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  });

/** What this system, or Deno without the permission, does not tell. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
