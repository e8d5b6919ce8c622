import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Client } from "../../src/tracking/client.ts";
import { answer, FaultProxy } from "../support/fault-proxy.ts";
import { leftOut } from "../support/peers.ts";
import { TrainingChild } from "../support/training-child.ts";

const PAUSE_MS = 10_000;

describe.skipIf(leftOut("python"))("a training at a server", () => {
  const serverAddress = inject("mlflowAddress");

  async function startTraining(address = serverAddress) {
    const child = new TrainingChild("exit/log-steadily.mjs", {}, address, {
      TIDEMARK_SPOOL_DIR: process.env.TIDEMARK_SPOOL_DIR as string,
    });
    onTestFinished(() => {
      child.process.kill("SIGKILL");
    });
    await child.says("\n");
    const client = await connect(address);
    onTestFinished(() => client.close());
    return { child, client, runId: child.runId };
  }

  const isStale = async (client: Client, runId: string, olderThanMs: number) =>
    (await client.runs.lifeSigns([await client.runs.get(runId)], { olderThanMs }))[0]?.isStale;

  it("is stale when it was killed, and is ended at its last sign", async () => {
    const { child, client, runId } = await startTraining();
    await sleep(2_500);
    expect(await isStale(client, runId, 0)).toBe(false);
    child.process.kill("SIGKILL");
    await child.ended;
    const reaped = await client.runs.reap({ olderThanMs: 0 });
    expect(reaped.map(({ run }) => run.id)).toContain(runId);
    const { status, endTime, tags } = await client.runs.get(runId);
    expect(status).toBe("KILLED");
    expect(endTime).toBe(reaped.find(({ run }) => run.id === runId)?.lastSign);
    expect(tags["tidemark.reaped"]).toContain("its process is gone");
  });

  it("that was stopped is ended, and undoes it when it goes on", async () => {
    const { child, client, runId } = await startTraining();
    await sleep(1_500);
    child.process.kill("SIGSTOP");
    await sleep(PAUSE_MS + 500);
    expect((await client.runs.reap({ olderThanMs: 5_000 })).map(({ run }) => run.id)).toContain(runId);
    expect((await client.runs.get(runId)).status).toBe("KILLED");
    child.process.kill("SIGCONT");
    for (;;) {
      const { status, tags } = await client.runs.get(runId);
      if (status === "RUNNING" && tags["tidemark.reaped"] === undefined) break;
      await sleep(100);
    }
    child.process.kill("SIGTERM");
    expect(await child.ended).toMatchObject({ code: 0 });
    expect((await client.runs.get(runId)).status).toBe("FINISHED");
  });

  it("whose values wait in the spool shows by that that it lives", async () => {
    const proxy = await FaultProxy.start(serverAddress);
    const { child, runId } = await startTraining(proxy.address);
    await sleep(1_500);
    proxy.script = () => answer(503, "", {});
    await sleep(4_000);
    // Stopped, so that nothing but what it has written speaks for it.
    child.process.kill("SIGSTOP");
    const stoppedAt = Date.now();
    const client = await connect(proxy.address);
    onTestFinished(() => client.close());
    const there = await (await connect(serverAddress)).runs.get(runId);
    const newestThere = Math.max(...there.latestMetrics.map(({ timestamp }) => timestamp));
    const [sign] = await client.runs.lifeSigns([there], { olderThanMs: 3_000 });
    expect(sign?.isStale).toBe(false);
    expect(sign?.lastSign).toBeGreaterThan(newestThere + 1_000);
    expect(sign?.lastSign).toBeLessThanOrEqual(stoppedAt);
  });
});
