import { existsSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../../../src/connect/connect.ts";
import { thisProcess } from "../../../../src/queue/spool/owner.ts";
import type { Client } from "../../../../src/tracking/client.ts";
import { age, runDirectory, runTag, temporaryDirectory } from "../../../support/mlruns.ts";

const HOUR_MS = 3_600_000;

const silent = { olderThanMs: 0 };
const gone = JSON.stringify({ ...thisProcess(), startedAt: "1" });

async function newRun(client: Client, tags: Record<string, string> = {}, startTime = Date.now() - HOUR_MS) {
  return (await client.runs.create({ experimentId: "0", tags, startTime })).id;
}

const idsOf = async (runs: AsyncIterable<{ run: { id: string } }>) => {
  const ids: string[] = [];
  for await (const { run } of runs) ids.push(run.id);
  return ids.sort();
};

describe.each(["memory:", "a directory"])("in %s", (kind) => {
  const open = async () => connect(kind === "memory:" ? kind : temporaryDirectory());

  it("a run is stale when nobody has written it for long enough, or its process is gone", async () => {
    const client = await open();
    const quiet = await newRun(client);
    const alive = await newRun(client, { "tidemark.process": JSON.stringify(thisProcess()) });
    const dead = await newRun(client, { "tidemark.process": gone });
    const ended = await newRun(client, { "tidemark.process": gone });
    await client.runs.update({ runId: ended, status: "FINISHED" });
    expect(await idsOf(client.runs.stale())).toEqual([]);
    expect(await idsOf(client.runs.stale(silent))).toEqual([quiet, dead].sort());
    const runs = await Promise.all([quiet, alive, dead, ended].map((id) => client.runs.get(id)));
    const signs = await client.runs.lifeSigns(runs, silent);
    expect(signs.map(({ runId }) => runId)).toEqual([quiet, alive, dead, ended]);
    expect(signs.map(({ process }) => process)).toEqual(["unknown", "running", "gone", "gone"]);
    expect(signs.map(({ isStale }) => isStale)).toEqual([true, false, true, false]);
  });

  it("reaping ends stale runs at their last sign, says why, and leaves all others", async () => {
    const client = await open();
    const before = Date.now();
    const dead = await newRun(client, { "tidemark.process": gone });
    const other = await client.experiments.create({ name: "other" });
    const elsewhere = (await client.runs.create({ experimentId: other })).id;
    const [found] = await client.runs.reap({ ...silent, experimentIds: ["0"], dryRun: true });
    expect((await client.runs.get(dead)).status).toBe("RUNNING");
    const [reaped, ...more] = await client.runs.reap({ ...silent, experimentIds: ["0"] });
    expect(more).toEqual([]);
    expect(reaped).toMatchObject({ run: { id: dead, status: "RUNNING" }, process: "gone" });
    expect(reaped?.lastSign).toBe(found?.lastSign);
    expect(reaped?.lastSign).toBeGreaterThanOrEqual(before - 1_000);
    const run = await client.runs.get(dead);
    expect(run).toMatchObject({ status: "KILLED", endTime: reaped?.lastSign });
    expect(run.tags["tidemark.reaped"]).toMatch(/^its process is gone; last sign of life \d{4}-.*Z, ended for it .*Z$/);
    expect((await client.runs.get(elsewhere)).status).toBe("RUNNING");
    expect(await client.runs.reap({ ...silent, experimentIds: ["0"] })).toEqual([]);
  });

  it("the store ends only what is RUNNING, and undoes only what was ended so", async () => {
    const client = await open();
    const { tracking } = client.backend;
    const runId = await newRun(client);
    const reaped = { endTime: Date.now(), tag: { key: "tidemark.reaped", value: "because" } };
    expect(await tracking.reviveRun?.(runId, "tidemark.reaped")).toBe(false);
    await client.runs.update({ runId, status: "KILLED" });
    expect(await tracking.reviveRun?.(runId, "tidemark.reaped")).toBe(false);
    expect(await tracking.reapRun?.(runId, reaped)).toBe(false);
    expect((await client.runs.get(runId)).tags["tidemark.reaped"]).toBeUndefined();
    await client.runs.update({ runId, status: "RUNNING" });
    expect(await tracking.reapRun?.(runId, reaped)).toBe(true);
    expect(await tracking.reviveRun?.(runId, "tidemark.reaped")).toBe(true);
    const run = await client.runs.get(runId);
    expect(run.status).toBe("RUNNING");
    expect(run.tags["tidemark.reaped"]).toBeUndefined();
  });

  it.each([
    ["no JSON", "{"],
    ["a process group", JSON.stringify({ ...thisProcess(), pid: -1 })],
    ["pid 0", JSON.stringify({ ...thisProcess(), pid: 0 })],
    ["no process", "[]"],
    ["endless", JSON.stringify({ ...thisProcess(), boot: "x".repeat(5_000) })],
  ])("a tag with %s tells nothing", async (_, text) => {
    const client = await open();
    const run = await client.runs.get(await newRun(client, { "tidemark.process": text }));
    expect(await client.runs.lifeSigns([run], silent)).toMatchObject([{ process: "unknown", isStale: true }]);
  });

  it("wrong options are refused by name", async () => {
    const client = await open();
    await expect(client.runs.reap({ olderThanMs: -1 })).rejects.toThrow("options.olderThanMs");
    await expect(client.runs.reap({ force: true } as never)).rejects.toThrow('unknown option "force"');
    await expect(client.runs.stale({ experimentIds: [] }).next()).rejects.toThrow("options.experimentIds");
    await expect(client.runs.lifeSigns("run" as never)).rejects.toThrow("runs: got");
  });
});

describe("the last sign of a run in a directory", () => {
  it.each(["metrics/loss", "params/lr", "tags/team", "artifacts/deep/plot.png", "meta.yaml"])(
    "is the newest of its files: %s",
    async (path) => {
      const mlruns = temporaryDirectory();
      const client = await connect(mlruns);
      const runId = await newRun(client);
      await client.runs.logBatch({
        runId,
        metrics: [{ key: "loss", value: 1 }],
        params: [{ key: "lr", value: "1" }],
        tags: [{ key: "team", value: "vision" }],
      });
      const { artifactUri } = await client.runs.get(runId);
      await client.backend.artifacts(artifactUri).write("deep/plot.png", new Uint8Array(1));
      const place = runDirectory(mlruns, runId);
      const now = Math.floor(Date.now() / 1_000) * 1_000;
      age(place, now - HOUR_MS);
      utimesSync(join(place, path), now / 1_000, now / 1_000 - 60);
      const [sign] = await client.runs.lifeSigns([await client.runs.get(runId)]);
      expect(sign).toMatchObject({ lastSign: now - 60_000, isStale: false });
    },
  );

  it("does not come from what a link leads to, nor from before the run began", async () => {
    const mlruns = temporaryDirectory();
    const client = await connect(mlruns);
    const startTime = Date.now() - HOUR_MS;
    const runId = await newRun(client, {}, startTime);
    const place = runDirectory(mlruns, runId);
    const fresh = join(temporaryDirectory(), "fresh");
    writeFileSync(fresh, "");
    symlinkSync(fresh, join(place, "artifacts/link"));
    age(place, startTime - HOUR_MS);
    const [sign] = await client.runs.lifeSigns([await client.runs.get(runId)]);
    expect(sign).toMatchObject({ lastSign: startTime, isStale: true });
  });
});

describe("a run that lives after all", () => {
  const pause = (ms: number) => vi.setSystemTime(Date.now() + ms);

  async function reapedRun() {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const mlruns = temporaryDirectory();
    const client = await connect(mlruns);
    const { openRun } = await import("../../../../src/tracking/open-run.ts");
    const run = await openRun(client.backend, {
      experiment: "Default",
      flushIntervalMs: 50,
      captureEnvironment: false,
    });
    run.logMetric("loss", 1);
    pause(11_000);
    const [reaped] = await client.runs.reap(silent);
    expect(reaped?.run.id).toBe(run.id);
    return { mlruns, client, run };
  }

  it("undoes it by its next value, before the call returns", async () => {
    const { mlruns, client, run } = await reapedRun();
    expect(runTag(mlruns, run.id, "tidemark.reaped")).toBeDefined();
    run.logMetric("loss", 2);
    expect(runTag(mlruns, run.id, "tidemark.reaped")).toBeUndefined();
    expect((await client.runs.get(run.id)).status).toBe("RUNNING");
    await run.end();
  });

  it("ends as it would have, without a word of it", async () => {
    const { mlruns, client, run } = await reapedRun();
    await run.end({ status: "FAILED" });
    const { status, endTime } = await client.runs.get(run.id);
    expect(status).toBe("FAILED");
    expect(endTime).toBeGreaterThanOrEqual(Date.now() - 5_000);
    expect(existsSync(join(runDirectory(mlruns, run.id), "tags/tidemark.reaped"))).toBe(false);
  });

  it("leaves alone what somebody has ended on purpose", async () => {
    const { client, run } = await reapedRun();
    await client.runs.deleteTag({ runId: run.id, key: "tidemark.reaped" });
    run.logMetric("loss", 2);
    expect((await client.runs.get(run.id)).status).toBe("KILLED");
    await run.end();
  });

  it("is resumed without the tag, and under the process that has it now", async () => {
    const mlruns = temporaryDirectory();
    const client = await connect(mlruns);
    const runId = await newRun(client, { "tidemark.process": gone });
    await client.runs.reap(silent);
    const { openRun } = await import("../../../../src/tracking/open-run.ts");
    const run = await openRun(client.backend, { runId });
    const { status, tags } = await client.runs.get(runId);
    expect(status).toBe("RUNNING");
    expect(tags["tidemark.reaped"]).toBeUndefined();
    expect(JSON.parse(tags["tidemark.process"] ?? "")).toEqual(thisProcess());
    await run.end();
  });
});
