import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Owner, processState, thisProcess } from "../../../../src/queue/spool/owner.ts";

const here = thisProcess();

/** A process of its own, and what it would say of itself. */
async function startSleeper(): Promise<{ child: ChildProcess; owner: Owner }> {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const pid = child.pid as number;
  const startedAt = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] as string;
  return { child, owner: { ...here, pid, startedAt } };
}

async function until(state: string, owner: Owner): Promise<void> {
  while (processState(owner, 0) !== state) await sleep(10);
}

describe.runIf(process.platform === "linux")("what is known of a process", () => {
  it("is that it runs, is stopped, runs again, and is gone", async () => {
    const { child, owner } = await startSleeper();
    expect(processState(owner, 0)).toBe("running");
    child.kill("SIGSTOP");
    await until("stopped", owner);
    child.kill("SIGCONT");
    await until("running", owner);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(processState(owner, Date.now())).toBe("gone");
  });

  it("is that it is gone while its parent has not heard of its end", async () => {
    // The shell starts a child, says its id, and never waits for it.
    const shell = spawn("python3", [
      "-c",
      "import os,sys,time\npid=os.fork()\nif pid==0: os._exit(0)\nprint(pid,flush=True)\ntime.sleep(60)",
    ]);
    onTestFinished(() => {
      shell.kill("SIGKILL");
    });
    const [said] = (await once(shell.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8");
    await vi.waitFor(() => expect(stat()).toContain(") Z "));
    const startedAt = stat().split(") ")[1]?.split(" ")[19] as string;
    expect(processState({ ...here, pid, startedAt }, Date.now())).toBe("gone");
  });

  it("is that another one has its number by now", () => {
    expect(processState({ ...here, startedAt: "1" }, Date.now())).toBe("gone");
  });

  it("is nothing where it is on another machine, in another container, or cannot be told from another", () => {
    const now = Date.now();
    expect(processState({ ...here, host: "elsewhere" }, 0)).toBe("unknown");
    expect(processState({ ...here, namespace: "pid:[1]" }, now)).toBe("unknown");
    expect(processState({ host: here.host, pid: here.pid, boot: here.boot, namespace: here.namespace }, now)).toBe(
      "unknown",
    );
  });

  it("is that it ended with the boot it belongs to, but not where something was heard since", () => {
    expect(processState({ ...here, boot: "earlier" }, 0)).toBe("gone");
    expect(processState({ ...here, boot: "earlier" }, Date.now())).toBe("unknown");
  });
});
