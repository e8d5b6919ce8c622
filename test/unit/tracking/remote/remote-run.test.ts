import { readdirSync, rmSync } from "node:fs";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setLogger } from "../../../../src/base/diagnostics.ts";
import { connect } from "../../../../src/connect/connect.ts";
import { startRun, withRun } from "../../../../src/fluent/start-run.ts";
import { listSpool } from "../../../../src/queue/spool/spool.ts";
import { Client } from "../../../../src/tracking/client.ts";
import { replaySpool } from "../../../../src/tracking/remote/replay.ts";
import { writeOnce } from "../../../../src/tracking/write-once.ts";
import { AwayBackend } from "../../../support/away-backend.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";

let spool: string;
let said: string[];

beforeEach(() => {
  spool = temporaryDirectory();
  vi.stubEnv("TIDEMARK_SPOOL_DIR", spool);
  said = [];
  const say = (message: string) => void said.push(message);
  setLogger({ debug: () => {}, info: say, warn: say });
  onTestFinished(() => {
    setLogger(undefined);
    vi.unstubAllEnvs();
  });
});

function newPlace() {
  const place = new AwayBackend();
  const { tracking } = place.behind;
  const client = new Client(place.backend);
  const start = (options = {}) => startRun({ client, experiment: "spooled", captureEnvironment: false, ...options });
  const runs = async () => {
    const experiment = await tracking.getExperimentByName("spooled");
    if (experiment === undefined) return [];
    const query = { experimentIds: [experiment.id], viewType: "active", maxResults: 100 } as const;
    return (await tracking.searchRuns(query)).items;
  };
  const steps = async (runId: string, key = "loss") => Array.from((await tracking.metricHistory(runId, key)).steps);
  return { place, client, start, runs, steps };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("a run at a backend that is there", () => {
  it("has the backend's id, and leaves nothing in the spool", async () => {
    const { start, runs, steps } = newPlace();
    const run = await start({ params: { lr: 0.1 } });
    expect(run.backendId).toBe(run.id);
    expect(listSpool(spool)).toMatchObject([{ isOwned: true, header: { runId: run.id } }]);
    for (const step of upTo(5_000)) run.logMetric("loss", step);
    await run.logText("hello", "a.txt");
    await run.end();
    expect(await runs()).toMatchObject([{ id: run.id, status: "FINISHED", params: { lr: "0.1" } }]);
    expect(await steps(run.id)).toEqual(upTo(5_000));
    expect(listSpool(spool)).toEqual([]);
    expect(said).toEqual([]);
  });

  it("is made once, though the answer is lost", async () => {
    const { place, start, runs, steps } = newPlace();
    place.lost.push("createRun");
    const run = await start();
    expect(run.id).toMatch(/^local-/);
    run.logMetric("loss", 1);
    await run.end();
    expect(await runs()).toMatchObject([
      { id: run.backendId, status: "FINISHED", tags: { "tidemark.localRunId": run.id } },
    ]);
    expect(await steps(run.backendId as string)).toEqual([0]);
  });

  it("has no twin at its end, however late that was made", async () => {
    const { place, start, runs } = newPlace();
    place.lost.push("createRun");
    const run = await start();
    await run.flush();
    run.logMetric("loss", 1);
    await run.flush();
    // A request that was on its way for long arrives after its repeat.
    const [made] = await runs();
    await place.behind.tracking.createRun({ experimentId: made?.experimentId ?? "", tags: { ...made?.tags } });
    expect(await runs()).toHaveLength(2);
    await run.end();
    expect((await runs()).map(({ id }) => id)).toEqual([run.backendId]);
  });

  it("leaves alone what carries its tag and holds values: a copy of it", async () => {
    const { place, start, runs } = newPlace();
    place.lost.push("createRun");
    const run = await start();
    await run.flush();
    run.logMetric("loss", 1);
    await run.flush();
    const [made] = await runs();
    const { tracking } = place.behind;
    const copy = await tracking.createRun({ experimentId: made?.experimentId ?? "", tags: { ...made?.tags } });
    await writeOnce(tracking, copy.id, { params: [{ key: "copied", value: "yes" }] });
    await run.end();
    expect((await runs()).map(({ id }) => id).sort()).toEqual([run.backendId, copy.id].sort());
  });

  it("is refused like anywhere, and leaves nothing behind", async () => {
    const { place, client, start } = newPlace();
    await client.experiments.delete(await client.experiments.create({ name: "spooled" }));
    await expect(start()).rejects.toMatchObject({ code: "INVALID_STATE" });
    place.isAway = true;
    await expect(start({ offline: "refuse" })).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(listSpool(spool)).toEqual([]);
  });
});

describe("a run whose backend is away", () => {
  it("begins under a local id, and is there whole when the backend comes back", async () => {
    const { place, client, start, runs, steps } = newPlace();
    place.isAway = true;
    const run = await start({ params: { lr: 0.1 }, tags: { team: "a" }, name: "patient" });
    expect(run).toMatchObject({ name: "patient", backendId: undefined, status: "RUNNING" });
    for (const step of upTo(60_000)) run.logMetric("loss", step);
    await run.logText("hello", "a/hello.txt");
    await run.logTable([{ a: 1 }], "t.json");
    await run.logTable([{ a: 2 }], "t.json");
    await run.logTable([{ a: 3 }], "u.json");
    expect(run.stats).toMatchObject({ dropped: 0, acknowledged: 0 });
    await run.flush({ accept: "spooled" });
    expect(await runs()).toEqual([]);
    place.isAway = false;
    await run.flush();
    await run.end();
    const [stored] = await runs();
    expect(stored).toMatchObject({ name: "patient", status: "FINISHED", params: { lr: "0.1" }, tags: { team: "a" } });
    expect(stored?.id).toBe(run.backendId);
    expect(JSON.parse(stored?.tags["mlflow.loggedArtifacts"] ?? "")).toEqual([
      { path: "t.json", type: "table" },
      { path: "u.json", type: "table" },
    ]);
    expect(await steps(stored?.id as string)).toEqual(upTo(60_000));
    const read = async (path: string) =>
      new TextDecoder().decode(await client.artifacts.read({ runId: stored?.id as string, path }));
    expect(await read("a/hello.txt")).toBe("hello");
    expect(JSON.parse(await read("t.json"))).toEqual({ columns: ["a"], data: [[1], [2]] });
    expect(listSpool(spool)).toEqual([]);
  });

  it("ends in the spool, says so, and is brought there by the next who connects", async () => {
    const { place, start, runs, steps } = newPlace();
    place.isAway = true;
    const run = await start();
    run.logMetric("loss", 0.5);
    await run.end({ status: "FAILED", timeoutMs: 20 });
    expect(run.stats).toMatchObject({ pending: 1, spooled: 1, dropped: 0 });
    expect(said.at(-1)).toContain("tidemark spool replay");
    expect(listSpool(spool)).toMatchObject([{ isOwned: false, entries: 1, end: { status: "FAILED" } }]);
    place.isAway = false;
    const client = await connect(place.backend);
    await vi.waitFor(() => expect(listSpool(spool)).toEqual([]));
    await client.close();
    const [stored] = await runs();
    expect(stored).toMatchObject({ status: "FAILED", tags: { "tidemark.localRunId": run.id } });
    expect(await steps(stored?.id as string)).toEqual([0]);
  });

  it("is the whole of its parts there too", async () => {
    const { place, start, runs } = newPlace();
    place.isAway = true;
    const parent = await start({ name: "parent" });
    const child = await parent.startChild({ name: "child" });
    child.logMetric("loss", 1);
    await child.end({ timeoutMs: 20 });
    place.isAway = false;
    // The child comes first, and brings the parent.
    await replaySpool(place.backend);
    await parent.end();
    const byName = Object.fromEntries((await runs()).map((run) => [run.name, run]));
    expect(byName.child?.tags["mlflow.parentRunId"]).toBe(byName.parent?.id);
    expect(Object.keys(byName)).toHaveLength(2);
  });

  it("without a spool waits in memory", async () => {
    const { place, start, runs, steps } = newPlace();
    place.isAway = true;
    const run = await start({ spool: false });
    run.logMetric("loss", 1);
    expect(readdirSync(spool)).toEqual([]);
    place.isAway = false;
    await run.end();
    expect(await steps((await runs())[0]?.id as string)).toEqual([0]);
  });

  it("loses what a full spool does not take, and counts it", async () => {
    const { place, start } = newPlace();
    place.isAway = true;
    const run = await start({ spool: { maxBytes: 200_000 } });
    for (const step of upTo(1_200_000)) run.logMetric("loss", step);
    const { appended, pending, dropped, spooled } = run.stats;
    expect(dropped).toBeGreaterThan(0);
    expect(pending + dropped).toBe(appended);
    expect(spooled).toBeGreaterThan(0);
    await expect(run.end({ timeoutMs: 20 })).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
  });

  it("goes on in memory where the disk takes nothing, which is said once", async () => {
    const { start, runs } = newPlace();
    vi.stubEnv("TIDEMARK_SPOOL_DIR", "/dev/null/spool");
    for (const name of ["a", "b"]) await (await start({ name })).end();
    expect((await runs()).map(({ status }) => status)).toEqual(["FINISHED", "FINISHED"]);
    expect(said.filter((message) => message.includes("in memory only")).length).toBeLessThanOrEqual(1);
  });

  it("uploads what is logged later under one name later", async () => {
    const { place, client, start } = newPlace();
    const run = await start();
    place.isAway = true;
    await run.logText("first", "note.txt");
    place.isAway = false;
    await run.logText("second", "note.txt");
    await run.end();
    expect(new TextDecoder().decode(await client.artifacts.read({ runId: run.id, path: "note.txt" }))).toBe("second");
  });

  it("keeps what failed with it", async () => {
    const { place, client, runs } = newPlace();
    place.isAway = true;
    const failing = withRun({ client, experiment: "spooled", captureEnvironment: false }, () => {
      place.isAway = false;
      throw new Error("out of patience");
    });
    await expect(failing).rejects.toThrow("out of patience");
    expect((await runs())[0]).toMatchObject({
      status: "FAILED",
      tags: { "tidemark.error": expect.stringContaining("patience") },
    });
  });
});

describe("a replay", () => {
  async function leave(count: number, place = newPlace()) {
    place.place.isAway = true;
    const run = await place.start();
    for (const step of upTo(count)) run.logMetric("loss", step);
    await run.end({ timeoutMs: 20 });
    place.place.isAway = false;
    return { ...place, run };
  }

  it("tells what it brought", async () => {
    const { place, run } = await leave(3_000);
    let told = 0;
    const replayed = await replaySpool(place.backend, {
      onProgress: (count) => {
        told += count;
      },
    });
    expect(replayed).toMatchObject([{ localRunId: run.id, delivered: 3_000, rejected: 0 }]);
    expect(replayed[0]?.left).toBeUndefined();
    expect(told).toBe(3_000);
    expect(await replaySpool(place.backend)).toEqual([]);
  });

  it("finds the run that was made before, and deletes its twin", async () => {
    const { place, run, runs } = await leave(10);
    const experimentId = await place.behind.tracking.createExperiment({ name: "spooled" });
    for (const name of ["one", "two"]) {
      await place.behind.tracking.createRun({ experimentId, name, tags: { "tidemark.localRunId": run.id } });
    }
    await replaySpool(place.backend);
    expect(await runs()).toMatchObject([{ status: "FINISHED", metrics: { loss: 9 } }]);
  });

  it("ends where the backend is away, and goes on from there", async () => {
    const { place, start, runs, steps } = await leave(5);
    place.isAway = true;
    await (await start({ name: "second" })).end({ timeoutMs: 20 });
    const first = await replaySpool(place.backend);
    expect(first).toMatchObject([{ left: { code: "TEMPORARILY_UNAVAILABLE" } }]);
    place.isAway = false;
    expect(await replaySpool(place.backend)).toHaveLength(2);
    const made = await runs();
    expect(made).toHaveLength(2);
    expect(await steps(made.find(({ name }) => name !== "second")?.id as string)).toEqual(upTo(5));
  });

  it("stops when it is told to, and leaves the rest", async () => {
    const { place } = await leave(5);
    const stopped = await replaySpool(place.backend, { signal: AbortSignal.abort() });
    expect(stopped).toEqual([]);
    expect(listSpool(spool)).toHaveLength(1);
  });

  it("of a run that is deleted meanwhile gives up its values, and says how many", async () => {
    const { place, client, start } = newPlace();
    const run = await start();
    place.isAway = true;
    for (const step of upTo(7)) run.logMetric("loss", step);
    await run.end({ timeoutMs: 20 });
    place.isAway = false;
    await client.runs.delete(run.id);
    expect(await replaySpool(place.backend)).toMatchObject([{ delivered: 0, rejected: 7 }]);
    expect(listSpool(spool)).toEqual([]);
  });

  it("does not stumble over a spool that somebody has emptied", async () => {
    const { place } = await leave(5);
    rmSync(spool, { recursive: true });
    expect(await replaySpool(place.backend)).toEqual([]);
  });
});
