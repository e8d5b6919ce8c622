import { beforeEach, describe, expect, it } from "vitest";
import { plainEnvironment, runProgram } from "../support/child.ts";
import { bin, tidemarkInTerminal } from "../support/command-line.ts";
import { startCountingServer } from "../support/counting-server.ts";
import { freePort } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

const COUNT = 20_000;

let port: number;
let address: string;
let spool: string;

/** A program that logs to a server that is not there, and ends. */
beforeEach(async () => {
  port = await freePort();
  address = `http://127.0.0.1:${port}`;
  spool = temporaryDirectory();
  const env = { ...plainEnvironment(), TIDEMARK_SPOOL_DIR: spool } as Record<string, string>;
  const child = new TrainingChild("faults/log-offline.mjs", { count: COUNT, experiment: "counted" }, address, env);
  expect((await child.ended).code, child.stderr).toBe(0);
});

const tidemark = (...args: string[]) =>
  runProgram(bin, args, { cwd: spool, env: { MLFLOW_TRACKING_URI: address, TIDEMARK_SPOOL_DIR: spool } });

describe("the spool", () => {
  it("is listed, replayed when the server is there, and empty then", async () => {
    const listed = await tidemark("spool", "list");
    expect(listed.code).toBe(0);
    const [header, row] = listed.stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(header).toEqual(["run", "name", "backend", "state", "started", "entries", "files", "size"]);
    expect(row?.[0]).toMatch(/^local-[0-9a-f]{32}$/);
    expect([row?.[2], row?.[3], row?.[5], row?.[6]]).toEqual([address, "left, FINISHED", String(COUNT), "0"]);
    const [found] = JSON.parse((await tidemark("spool", "list", "--json")).stdout) as Record<string, unknown>[];
    expect(found).toMatchObject({
      localRunId: row?.[0],
      backend: address,
      entries: COUNT,
      end: { status: "FINISHED" },
    });

    const refused = await tidemark("spool", "replay");
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("nothing listens there");

    const server = await startCountingServer(port, COUNT);
    const replayed = await tidemark("spool", "replay", "--json");
    expect(replayed.code).toBe(0);
    expect(JSON.parse(replayed.stdout)).toMatchObject([{ localRunId: row?.[0], delivered: COUNT, rejected: 0 }]);
    expect(server).toMatchObject({ status: "FINISHED", creations: 1 });
    expect(server.timesOfStep.every((times) => times === 1)).toBe(true);
    expect(await tidemark("spool", "list")).toMatchObject({ code: 0, stdout: "" });
    expect(await tidemark("spool", "replay")).toMatchObject({ code: 0, stdout: "" });
  });

  it("shows how far its replay is where a person is looking", async () => {
    await startCountingServer(port, COUNT, 5);
    const env = { MLFLOW_TRACKING_URI: address, TIDEMARK_SPOOL_DIR: spool };
    const { code, stdout } = await tidemarkInTerminal(spool, 100, env, "spool", "replay");
    expect(code).toBe(0);
    expect(stdout).toContain(`0 of ${COUNT}`);
    expect(stdout).toContain(`${COUNT} entries delivered`);
  });

  it("is something that doctor knows of", async () => {
    const { code, stdout } = await tidemark("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/note +spool .*20000 entries, 0 files; `tidemark spool replay` brings it there/);
    expect(stdout).toMatch(/wrong +backend .*nothing listens there/);
  });

  it("of another directory is asked for by --dir", async () => {
    const elsewhere = temporaryDirectory();
    const env = { MLFLOW_TRACKING_URI: address, TIDEMARK_SPOOL_DIR: elsewhere };
    const list = (...args: string[]) => runProgram(bin, ["spool", "list", ...args], { cwd: elsewhere, env });
    expect((await list()).stdout).toBe("");
    expect((await list("--dir", spool)).stdout).toContain("left, FINISHED");
  });
});
