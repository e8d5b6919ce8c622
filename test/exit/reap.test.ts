import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { RunEntity } from "../../src/schema/run.ts";
import type { Client } from "../../src/tracking/client.ts";
import { metricLines, temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

/** Whoever goes on after that looks whether somebody has taken it for dead. */
const PAUSE_MS = 10_000;

async function startTraining(mlruns = temporaryDirectory(), runId?: string) {
  const child = new TrainingChild("log-steadily.mjs", { runId }, mlruns);
  onTestFinished(() => {
    child.process.kill("SIGKILL");
  });
  await child.says("\n");
  return { child, mlruns, client: await connect(mlruns), runId: child.runId };
}

async function until(client: Client, runId: string, isSo: (run: RunEntity) => boolean): Promise<RunEntity> {
  for (;;) {
    const run = await client.runs.get(runId);
    if (isSo(run)) return run;
    await sleep(50);
  }
}

describe.runIf(process.platform === "linux")("a training in a process of its own", () => {
  it("is stale when it was killed, and is ended at its last sign", async () => {
    const { child, mlruns, client, runId } = await startTraining();
    await sleep(1_000);
    expect(await client.runs.reap({ olderThanMs: 0 })).toEqual([]);
    child.process.kill("SIGKILL");
    await child.ended;
    const killedAt = Date.now();
    const [sign] = await client.runs.lifeSigns([await client.runs.get(runId)], { olderThanMs: 0 });
    expect(sign).toMatchObject({ process: "gone", isStale: true });
    const [reaped] = await client.runs.reap({ olderThanMs: 0 });
    expect(reaped).toMatchObject({ run: { id: runId }, process: "gone", lastSign: sign?.lastSign });
    const { status, endTime } = await client.runs.get(runId);
    expect(status).toBe("KILLED");
    const [newest = 0] = metricLines(mlruns, runId, "loss").at(-1) ?? [];
    // The clock of a file system ticks a few times in a hundred milliseconds.
    expect(endTime).toBeGreaterThan(newest - 100);
    expect(endTime).toBeLessThanOrEqual(killedAt);
  });

  it("that was stopped is ended, and undoes it when it goes on", async () => {
    const { child, client, runId } = await startTraining();
    child.process.kill("SIGSTOP");
    await sleep(PAUSE_MS + 500);
    const [sign] = await client.runs.lifeSigns([await client.runs.get(runId)], { olderThanMs: 5_000 });
    expect(sign).toMatchObject({ process: "stopped", isStale: true });
    expect(await client.runs.reap({ olderThanMs: 5_000 })).toHaveLength(1);
    expect((await client.runs.get(runId)).status).toBe("KILLED");
    child.process.kill("SIGCONT");
    // The tag goes after the status.
    await until(client, runId, ({ status, tags }) => status === "RUNNING" && tags["tidemark.reaped"] === undefined);
    child.process.kill("SIGTERM");
    expect(await child.ended).toMatchObject({ code: 0 });
    const ended = await client.runs.get(runId);
    expect(ended.status).toBe("FINISHED");
    expect(ended.endTime).toBeGreaterThan(sign?.lastSign ?? Number.POSITIVE_INFINITY);
  });

  it("that was killed and is resumed belongs to the process that resumed it", async () => {
    const first = await startTraining();
    first.child.process.kill("SIGKILL");
    await first.child.ended;
    await first.client.runs.reap({ olderThanMs: 0 });
    const { child, client, runId } = await startTraining(first.mlruns, first.runId);
    expect(runId).toBe(first.runId);
    const run = await until(client, runId, ({ status }) => status === "RUNNING");
    expect(JSON.parse(run.tags["tidemark.process"] ?? "").pid).toBe(child.process.pid);
    expect(run.tags["tidemark.reaped"]).toBeUndefined();
    expect(await client.runs.reap({ olderThanMs: 0 })).toEqual([]);
  });
});
