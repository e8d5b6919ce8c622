import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../../src/contract/backend.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { thisProcess } from "../../../src/queue/spool/owner.ts";
import { batchOf } from "../../contract/batches.ts";
import { send } from "../../contract/subject.ts";
import { runDirectory, temporaryDirectory } from "../../support/mlruns.ts";
import { warnings } from "../../support/warnings.ts";

let mlruns: string;
let backend: Backend;
let runId: string;

const at = (key: string, step: number) => ({ key, value: step, step, timestamp: 1 });
const place = (...parts: string[]) => join(runDirectory(mlruns, runId), ...parts);
const stepsOf = async (key: string) => [...(await backend.tracking.metricHistory(runId, key)).steps];
const rewind = async (mark = "a") => await backend.tracking.rewind?.(runId, { mark });

async function log(...parts: (ReturnType<typeof at>[] | string)[]): Promise<void> {
  const sink = await backend.tracking.openSink(runId);
  for (const part of parts) {
    const batch = typeof part === "string" ? { marks: [{ name: part, id: part, time: 1 }] } : {};
    const outcome = await send(sink, { ...batchOf({ points: typeof part === "string" ? [] : part }), ...batch });
    expect(outcome).toEqual({ status: "ok" });
  }
  await sink.close();
}

beforeEach(async () => {
  mlruns = join(temporaryDirectory(), "mlruns");
  backend = fsBackend({ directory: mlruns });
  runId = (await backend.tracking.createRun({ experimentId: "0" })).id;
  await backend.tracking.updateRun({ runId, status: "FAILED" });
});

describe("a run in a directory that is taken back", () => {
  it("leaves nothing but marks beside MLflow's own files, and no empty file or directory of a metric", async () => {
    await log([at("loss", 0)], "a", [at("loss", 1), at("deep/er/late", 0)]);
    await rewind();
    expect(readdirSync(place()).sort()).toEqual([".tidemark", "artifacts", "meta.yaml", "metrics", "params", "tags"]);
    expect(readdirSync(place(".tidemark"))).toEqual(["marks"]);
    expect(readdirSync(place("metrics"))).toEqual(["loss"]);
    await log([at("deep", 0)]);
    await backend.tracking.rewind?.(runId, { steps: new Map([["deep", 0]]) });
    expect(readdirSync(place("metrics"))).toEqual(["loss"]);
  });

  it("keeps what Python and other writers had logged before the mark", async () => {
    await log([at("loss", 0)]);
    appendFileSync(place("metrics", "loss"), "5 0.25 1\n");
    writeFileSync(place("metrics", "theirs"), "5 0.5 0\n");
    await log("a");
    appendFileSync(place("metrics", "theirs"), "6 0.5 1\n");
    await rewind();
    expect(await stepsOf("loss")).toEqual([0, 1]);
    expect(readFileSync(place("metrics", "theirs"), "utf8")).toBe("5 0.5 0\n");
  });

  it("cuts a line that was torn when the mark was made, and can be taken back once more", async () => {
    await log([at("loss", 0)]);
    appendFileSync(place("metrics", "loss"), "5 0.2");
    const marking = fsBackend({ directory: mlruns });
    const sink = await marking.tracking.openSink(runId);
    await send(sink, { ...batchOf({}), marks: [{ name: "a", id: "a", time: 1 }] });
    await sink.close();
    appendFileSync(place("metrics", "loss"), "5 1\n6 1 2\n");
    for (let time = 0; time < 2; time++) {
      await rewind();
      expect(readFileSync(place("metrics", "loss"), "utf8")).toBe("1 0.0 0\n");
    }
  });

  it("is refused while a sink of this process is open", async () => {
    await log([at("loss", 0)], "a", [at("loss", 1)]);
    const sink = await backend.tracking.openSink(runId);
    await expect(rewind()).rejects.toMatchObject({ code: "INVALID_STATE" });
    await sink.close();
    await sink.close();
    await rewind();
    expect(await stepsOf("loss")).toEqual([0]);
  });

  it("is refused while somebody writes to it, and waits until it is known that nobody does", async () => {
    await log([at("loss", 0)], "a", [at("loss", 1)]);
    await backend.tracking.updateRun({ runId, status: "RUNNING" });
    const refused = rewind();
    refused.catch(() => {});
    await sleep(500);
    appendFileSync(place("metrics", "loss"), "1 1 2\n");
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_STATE",
      message: expect.stringMatching(/writes to it/),
    });
    expect(await stepsOf("loss")).toEqual([0, 1, 2]);
    await rewind();
    expect(await stepsOf("loss")).toEqual([0]);
  });

  it("says so where files are not what they were at the mark", async () => {
    await log([at("loss", 0), at("loss", 1), at("acc", 0)], "a", [at("loss", 2)]);
    truncateSync(place("metrics", "loss"), 3);
    await expect(rewind()).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: expect.stringMatching(/loss.*shorter/),
    });
    expect(existsSync(place(".tidemark", "rewind"))).toBe(false);
    expect(await stepsOf("acc")).toEqual([0]);
  });

  it("says and skips marks that are none", async () => {
    const said = warnings();
    await log([at("loss", 0)], "a");
    writeFileSync(place(".tidemark", "marks", `${"0".repeat(32)}.json`), '{"format":1,"name":7}');
    writeFileSync(place(".tidemark", "marks", "notes.txt"), "hello");
    expect((await backend.tracking.marks?.(runId))?.map(({ name }) => name)).toEqual(["a"]);
    expect(said.join("\n")).toMatch(/0000\.json: is no mark/);
  });

  it("is not kept waiting by a pipe in the place of a mark", async () => {
    const said = warnings();
    await log([at("loss", 0)], "a");
    const [file = ""] = readdirSync(place(".tidemark", "marks"));
    rmSync(place(".tidemark", "marks", file));
    execFileSync("mkfifo", [place(".tidemark", "marks", file)]);
    await log("a");
    expect(said.join("\n")).toMatch(/is not a file/);
    expect((await backend.tracking.marks?.(runId))?.map(({ name }) => name)).toEqual(["a"]);
  });

  it("never writes where a link leads out of the store", async () => {
    const outside = temporaryDirectory();
    symlinkSync(outside, place(".tidemark"));
    const sink = await backend.tracking.openSink(runId);
    const outcome = await send(sink, {
      ...batchOf({ points: [at("loss", 0)] }),
      marks: [{ name: "a", id: "a", time: 1 }],
    });
    expect(outcome).toMatchObject({ status: "permanent", rejected: { marks: [0], metrics: [] } });
    await sink.close();
    await expect(backend.tracking.rewind?.(runId, { steps: new Map([["loss", 0]]) })).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
    });
    expect(readdirSync(outside)).toEqual([]);
    expect(await stepsOf("loss")).toEqual([0]);
  });
});

describe("what a rewind leaves when its process dies", () => {
  /** What is there before the exchange: the new metrics, and who was at it. */
  function prepare(owner: object | undefined): void {
    mkdirSync(place(".tidemark", "rewind", "metrics"), { recursive: true });
    mkdirSync(place(".tidemark", "rewind", "marks"));
    writeFileSync(place(".tidemark", "rewind", "metrics", "loss"), "1 0.0 0\n");
    if (owner !== undefined) writeFileSync(place(".tidemark", "rewind", "owner.json"), JSON.stringify(owner));
  }
  // No system gives out such an id.
  const dead = { ...thisProcess(), pid: 2 ** 30 };

  it.each([
    ["a dead owner", dead],
    ["nobody", undefined],
  ])("before the exchange, and is %s's, is taken back by the next writer", async (_, owner) => {
    await log([at("loss", 0), at("loss", 1)]);
    prepare(owner);
    expect(await stepsOf("loss")).toEqual([0, 1]);
    await log([at("loss", 2)]);
    expect(await stepsOf("loss")).toEqual([0, 1, 2]);
    expect(existsSync(place(".tidemark", "rewind"))).toBe(false);
  });

  it("in the middle of the exchange is seen as done, and finished by the next writer", async () => {
    const { renameSync } = await import("node:fs");
    await log([at("loss", 0), at("loss", 1)], "a");
    prepare(dead);
    renameSync(place("metrics"), place(".tidemark", "rewind", "before"));
    expect(await stepsOf("loss")).toEqual([0]);
    expect((await backend.tracking.getRun(runId)).metrics).toEqual({ loss: 0 });
    const query = { experimentIds: ["0"], viewType: "all", maxResults: 5, filter: "metrics.loss < 0.5" } as const;
    expect((await backend.tracking.searchRuns(query)).items).toHaveLength(1);
    await log([at("loss", 5)]);
    expect(await stepsOf("loss")).toEqual([0, 5]);
    expect(await backend.tracking.marks?.(runId)).toEqual([]);
    expect(readdirSync(place(".tidemark"))).toEqual(["marks"]);
  });

  it("is not touched while its owner lives", async () => {
    await log([at("loss", 0)]);
    prepare({ ...thisProcess(), pid: process.ppid, startedAt: undefined });
    await expect(backend.tracking.openSink(runId)).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(existsSync(place(".tidemark", "rewind", "owner.json"))).toBe(true);
    expect(await stepsOf("loss")).toEqual([0]);
  });

  it("is done once where two try at once", async () => {
    await log([at("loss", 0)], "a", [at("loss", 1)]);
    const other = fsBackend({ directory: mlruns });
    const outcomes = await Promise.allSettled([rewind(), other.tracking.rewind?.(runId, { mark: "a" }), rewind()]);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason.code).toBe("INVALID_STATE");
    expect(await stepsOf("loss")).toEqual([0]);
  });
});
