import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { thisProcess } from "../../src/queue/spool/owner.ts";
import type { Client } from "../../src/tracking/client.ts";
import { startTidemark, tidemark, tidemarkInTerminal, writeRun } from "../support/command-line.ts";
import { age, runDirectory, temporaryDirectory } from "../support/mlruns.ts";

const HOUR_MS = 3_600_000;

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = temporaryDirectory();
  client = await connect(mlruns);
});

/** A run that was last written some hours ago. */
async function oldRun(hours: number, name: string, tags: Record<string, string> = {}): Promise<string> {
  const startTime = Date.now() - 10 * HOUR_MS;
  const id = await writeRun(client, { name, status: "RUNNING", startTime, tags, metrics: { loss: [1] } });
  age(runDirectory(mlruns, id), Date.now() - hours * HOUR_MS);
  return id;
}

const json = async (...args: string[]) => JSON.parse((await tidemark(mlruns, ...args, "--json")).stdout);

describe("stale runs", () => {
  it("are called so in lists, with their last sign", async () => {
    const stale = await oldRun(3, "left");
    const alive = await writeRun(client, { name: "alive", status: "RUNNING" });
    await writeRun(client, { name: "done" });
    const columns = ["--columns", "name,status,lastSign"];
    const lines = (await tidemark(mlruns, "runs", "list", ...columns)).stdout.trim().split("\n").slice(1).sort();
    expect(lines.map((line) => line.split("\t").slice(0, 2))).toEqual([
      ["alive", "RUNNING"],
      ["done", "FINISHED"],
      ["left", "stale"],
    ]);
    const lastSign = Date.parse(lines[2]?.split("\t")[2] ?? "");
    expect(Date.now() - lastSign).toBeGreaterThan(2.9 * HOUR_MS);
    expect(Date.now() - lastSign).toBeLessThan(3.1 * HOUR_MS);
    expect(lines[1]?.split("\t")[2]).toBe("");
    const listed = (await json("runs", "list")) as { id: string; status: string; stale?: object }[];
    expect(listed.find(({ id }) => id === stale)).toMatchObject({
      status: "RUNNING",
      stale: { lastSign, process: "unknown" },
    });
    expect(listed.find(({ id }) => id === alive)?.stale).toBeUndefined();
    const shown = await tidemarkInTerminal(mlruns, 100, { NO_COLOR: "1" }, "runs", "list");
    expect(shown.stdout).toContain("stale, 3 h ago");
    expect((await json("runs", "list", "--stale")).map(({ id }: { id: string }) => id)).toEqual([stale]);
    expect(await json("runs", "list", "--stale", "--older-than", "4h")).toEqual([]);
    const { code, stderr } = await tidemark(mlruns, "runs", "list", "--stale", "--filter", "status = 'FINISHED'");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--stale")]);
  });

  it("are called so when they are shown", async () => {
    const process = JSON.stringify({ ...thisProcess(), startedAt: "1" });
    const id = await oldRun(3, "left", { "tidemark.process": process });
    const { stdout } = await tidemark(mlruns, "runs", "show", id);
    expect(stdout).toMatch(/^left {2}stale\n/);
    expect(stdout).toMatch(/^last sign +\d{4}-.*Z; its process is gone$/m);
    expect((await json("runs", "show", id)).run).toMatchObject({ status: "RUNNING", stale: { process: "gone" } });
  });

  it("are called so when they are watched, until they write again", async () => {
    const id = await oldRun(3, "left");
    const watch = (...args: string[]) => startTidemark(mlruns, "runs", "watch", id, "--interval", "0.1", ...args);
    const [plain, asJson] = [watch(), watch("--json")];
    await expect.poll(() => plain.said.stdout).toContain("stale\tloss=1\n");
    await expect.poll(() => asJson.said.stdout).toContain('"stale":');
    const shown = tidemarkInTerminal(mlruns, 100, { NO_COLOR: "1" }, "runs", "watch", id, "--interval", "0.1");
    await sleep(1_500);
    await client.runs.logBatch({ runId: id, metrics: [{ key: "loss", value: 2, step: 1 }] });
    await expect.poll(() => plain.said.stdout).toContain("RUNNING\tloss=2\n");
    await client.runs.update({ runId: id, status: "FINISHED", endTime: Date.now() });
    expect([await plain.ended, await asJson.ended]).toEqual([0, 0]);
    const documents = asJson.said.stdout.trim().split("\n");
    expect(JSON.parse(documents[0] as string)).toMatchObject({ status: "RUNNING", stale: { process: "unknown" } });
    expect(JSON.parse(documents.at(-1) as string).stale).toBeUndefined();
    const { stdout } = await shown;
    expect(stdout).toMatch(/left {2}stale\r?\n.* {2}last sign of life 3 h ago/);
    expect(stdout).toMatch(/left {2}FINISHED\r?\n(?!.*last sign)/);
  });

  it("are ended by reap, and only looked at by a dry run", async () => {
    const left = await oldRun(3, "left");
    const silent = await oldRun(1, "silent");
    const dry = await tidemark(mlruns, "runs", "reap", "--older-than", "2h", "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(new RegExp(`^id\tname\texperiment\tlastSign\tprocess\n${left}\tleft\t`));
    expect((await client.runs.get(left)).status).toBe("RUNNING");
    const [reaped, ...more] = await json("runs", "reap", "--older-than", "2h");
    expect(more).toEqual([]);
    expect(reaped).toMatchObject({ runId: left, name: "left", process: "unknown" });
    expect(await client.runs.get(left)).toMatchObject({ status: "KILLED", endTime: reaped.lastSign });
    expect((await client.runs.get(silent)).status).toBe("RUNNING");
    expect(await json("runs", "reap", "--experiment", "digits")).toMatchObject([{ runId: silent }]);
    expect(await json("runs", "reap")).toEqual([]);
  });

  it.each(["10", "", "-5m", "10 m", "5m2h", "1e3s"])("no duration is refused: %j", async (text) => {
    const { code, stderr } = await tidemark(mlruns, "runs", "reap", "--older-than", text);
    expect([code, stderr]).toEqual([2, expect.stringContaining("It is no duration")]);
  });
});
