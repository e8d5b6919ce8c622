import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { startRun } from "../../src/fluent/start-run.ts";
import type { Client } from "../../src/tracking/client.ts";
import { startTidemark, tidemark, tidemarkInTerminal, writeRun } from "../support/command-line.ts";
import { runDirectory, temporaryDirectory } from "../support/mlruns.ts";

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = temporaryDirectory();
  client = await connect(mlruns);
});

/** Whatever a terminal would obey. */
const CONTROLS = /[^\P{Cc}\n\t]|[\p{Bidi_Control}\p{Zl}]/u;

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("runs show", () => {
  it("tells everything of a run", async () => {
    const metrics = { loss: [4, 1, Number.NaN, 3], accuracy: [0.5] };
    const tags = { team: "vision", "mlflow.source.name": "train.mjs" };
    const id = await writeRun(client, { name: "baseline", params: { lr: "0.1" }, tags, metrics });
    const dataset = { name: "digits.csv", digest: "d1", sourceType: "local", source: '{"uri":"digits.csv"}' };
    await client.runs.logInputs({ runId: id, datasets: [{ dataset, tags: { "mlflow.data.context": "training" } }] });
    await client.runs.logInputs({ runId: id, models: [{ modelId: "m-base" }] });
    await client.runs.logOutputs({ runId: id, models: [{ modelId: "m-tuned", step: 3 }] });
    mkdirSync(join(runDirectory(mlruns, id), "artifacts/plots/deep"), { recursive: true });
    writeFileSync(join(runDirectory(mlruns, id), "artifacts/plots/deep/loss.png"), new Uint8Array(2_048));
    const { code, stdout } = await tidemark(mlruns, "runs", "show", id);
    expect(code).toBe(0);
    expect(stdout.startsWith(`baseline  FINISHED\nid          ${id}\nexperiment  digits (`)).toBe(true);
    for (const line of [
      /^duration +1\.5 s$/m,
      /\nParams\n {2}lr {2}0\.1\n/,
      /^ {2}loss +4 +3 +1 +4 +4 {2}█▁ ▆$/m,
      /^ {2}accuracy +0\.5 +0\.5 +0\.5 +0\.5 +1 {2}▁$/m,
      /\nTags\n {2}team {2}vision\n/,
      /^ {2}digits\.csv {2}training {2}d1 {6}local {2}\{"uri"/m,
      /\nLogged models\n {2}m-base {3}used\n {2}m-tuned {2}produced at step 3\n/,
      /^ {2}plots\/\n {4}deep\/\n {6}loss\.png {2}2\.0 KiB$/m,
      /\nRecorded\n(.*\n)* {2}mlflow\.source\.name {2}train\.mjs$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    const answer = JSON.parse((await tidemark(mlruns, "runs", "show", id, "--json")).stdout);
    expect(answer.run).toMatchObject({ id, params: { lr: "0.1" }, status: "FINISHED" });
    expect(answer.metrics.loss).toEqual({ first: 4, last: 3, min: 1, max: 4, count: 4 });
    expect(answer.artifacts.entries.at(-1)).toEqual({
      path: "plots/deep/loss.png",
      isDirectory: false,
      sizeBytes: 2_048,
    });
  });

  it("lists the marks of a run", async () => {
    const run = await startRun({ client, captureEnvironment: false });
    run.logMetric("loss", 1);
    run.mark("epoch 1");
    run.mark("best");
    await run.end();
    expect((await tidemark(mlruns, "runs", "show", run.id)).stdout).toMatch(
      /\nMarks\n( {2}(epoch 1|best) +2\d{3}-.*\n){2}/,
    );
    const { marks } = JSON.parse((await tidemark(mlruns, "runs", "show", run.id, "--json")).stdout);
    expect(marks.map(({ name }: { name: string }) => name).sort()).toEqual(["best", "epoch 1"]);
  });

  it("finds a run by the start of its id, and the latest", async () => {
    const now = Date.now();
    const ids = [await writeRun(client, { startTime: now }), await writeRun(client, { startTime: now - 1_000 })];
    const shown = async (name: string) =>
      JSON.parse((await tidemark(mlruns, "runs", "show", name, "--json")).stdout).run.id;
    for (const id of ids) expect(await shown(id.slice(0, 8))).toBe(id);
    expect(await shown("latest")).toBe(ids[0]);
    await client.runs.delete(ids[1] as string);
    expect(await shown((ids[1] as string).slice(0, 6))).toBe(ids[1]);
  });

  it("names the candidates where a prefix fits several", async () => {
    // Ids that tidemark makes are random, and hardly ever start alike.
    const id = await writeRun(client, {});
    const twins = ["abcd_1", "abcd_2", "abcdx1"];
    for (const twin of twins) copyRun(id, twin);
    const { code, stderr } = await tidemark(mlruns, "runs", "show", "abcd_");
    expect(code).toBe(1);
    expect(stderr).toBe("tidemark: 2 runs have ids that start with abcd_: abcd_1 (a run), abcd_2 (a run)\n");
    expect((await tidemark(mlruns, "runs", "show", "abcd_2")).code).toBe(0);
    expect((await tidemark(mlruns, "runs", "show", "abce")).stderr).toContain('there is no run "abce"');
  });

  function copyRun(id: string, twin: string): void {
    const from = runDirectory(mlruns, id);
    const to = join(from, "..", twin);
    mkdirSync(to);
    for (const folder of ["artifacts", "metrics", "params", "tags"]) mkdirSync(join(to, folder));
    const meta = [
      `run_id: ${twin}`,
      `run_uuid: ${twin}`,
      "run_name: a run",
      `experiment_id: '${from.split("/").at(-2)}'`,
      `artifact_uri: file://${to}/artifacts`,
      "start_time: 1767323045678",
      "end_time: null",
      "lifecycle_stage: active",
      "status: 1",
      "user_id: me",
    ];
    writeFileSync(join(to, "meta.yaml"), `${meta.join("\n")}\n`);
  }

  it("cuts long values to the terminal, and nothing in a pipe", async () => {
    const long = "word ".repeat(200).trim();
    const id = await writeRun(client, { params: { long }, metrics: { loss: [1, 2, 3] } });
    expect((await tidemark(mlruns, "runs", "show", id)).stdout).toContain(`long  ${long}\n`);
    const { stdout } = await tidemarkInTerminal(mlruns, 60, { NO_COLOR: "1" }, "runs", "show", id);
    expect(Math.max(...stdout.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(stdout).toMatch(/word.*…\r\n/);
  });
});

describe("text that somebody else wrote", () => {
  const evil = "\u001b[2J\u001b]0;title\u0007\u009b31m\u202egnp.exe\n\r\ttail";

  it("steers no terminal, and is whole in JSON", async () => {
    const id = await writeRun(client, {
      name: evil,
      experiment: `experiment ${evil}`,
      params: { lr: evil },
      tags: { team: evil, "mlflow.note.content": evil },
    });
    const other = await writeRun(client, { name: evil, params: { lr: `other ${evil}` } });
    for (const args of [
      ["list"],
      ["list", "--columns", "name,params.lr,tags.team"],
      ["show", id],
      ["compare", id, other],
    ]) {
      const { code, stdout, stderr } = await tidemark(mlruns, "runs", ...args);
      expect(code).toBe(0);
      expect(stdout).toContain("�[2J");
      expect(stdout + stderr).not.toMatch(CONTROLS);
      const terminal = await tidemarkInTerminal(mlruns, 200, { NO_COLOR: "1" }, "runs", ...args);
      expect(terminal.stdout.replaceAll("\r\n", "\n")).not.toMatch(CONTROLS);
      const json = (await tidemark(mlruns, "runs", ...args, "--json")).stdout;
      expect(json).not.toMatch(CONTROLS);
      expect(JSON.stringify(JSON.parse(json))).toContain(JSON.stringify(evil));
    }
    const { stdout } = await tidemark(mlruns, "runs", "list");
    for (const line of stdout.trimEnd().split("\n")) expect(line.split("\t")).toHaveLength(7);
  });

  it("steers none in a warning or an error either", async () => {
    const id = await writeRun(client, {});
    mkdirSync(join(runDirectory(mlruns, id), "params", "bad\u001b[31m\u009b"));
    writeFileSync(join(runDirectory(mlruns, id), "params", "bad\u001b[31m\u009b", "lr"), "1");
    const { stderr } = await tidemark(mlruns, "runs", "show", id);
    expect(stderr).toContain("bad");
    expect(stderr).not.toMatch(CONTROLS);
    const filter = `metrics.${evil}`;
    expect((await tidemark(mlruns, "runs", "list", "--filter", filter)).stderr).not.toMatch(CONTROLS);
  });
});

describe("runs compare", () => {
  it("shows what differs and marks the best", async () => {
    const a = await writeRun(client, {
      name: "a",
      params: { lr: "0.1", epochs: "3" },
      metrics: { val_loss: [0.5], accuracy: [0.9], same: [1], nan: [Number.NaN] },
    });
    const b = await writeRun(client, {
      name: "b",
      params: { lr: "0.2", epochs: "3" },
      tags: { team: "vision" },
      metrics: { val_loss: [0.25], accuracy: [0.9], same: [1], nan: [1] },
    });
    const rows = (await tidemark(mlruns, "runs", "compare", a, b)).stdout.split("\n");
    expect(rows).toEqual([
      `key\t${a}\t${b}\tbest`,
      "params.lr\t0.1\t0.2\t",
      "metrics.nan\tNaN\t1\t",
      `metrics.val_loss\t0.5\t0.25\t${b}`,
      "tags.team\t\tvision\t",
      "",
    ]);
    const all = (await tidemark(mlruns, "runs", "compare", a, b, "--all")).stdout;
    expect(all).toContain(`metrics.accuracy\t0.9\t0.9\t${a},${b}\n`);
    expect(all).toContain("params.epochs\t3\t3\t\n");
    const terminal = (await tidemarkInTerminal(mlruns, 100, { NO_COLOR: "1" }, "runs", "compare", a, b)).stdout;
    expect(terminal).toMatch(/val_loss {2}0\.5 +0\.25 \*\r\n/);
    const json = JSON.parse((await tidemark(mlruns, "runs", "compare", a, b, "--json")).stdout);
    expect(json.params).toEqual([{ key: "lr", values: ["0.1", "0.2"], best: [] }]);
    expect(json.runs).toHaveLength(2);
  });
});

describe("runs watch", () => {
  it.each([
    ["FINISHED", 0],
    ["FAILED", 1],
  ] as const)("says every change until the run ends %s", async (status, expected) => {
    const id = await writeRun(client, { status: "RUNNING", metrics: { loss: [2] } });
    const { said, ended } = startTidemark(mlruns, "runs", "watch", id.slice(0, 10), "--interval", "0.1");
    await until(() => said.stdout.includes("loss=2"));
    await client.runs.logBatch({ runId: id, metrics: [{ key: "loss", value: 1.5, step: 1 }] });
    await until(() => said.stdout.includes("loss=1.5"));
    await client.runs.update({ runId: id, status, endTime: Date.now() });
    expect(await ended).toBe(expected);
    expect(said.stdout.replaceAll(/^[^\t]+/gm, "at")).toBe(
      `at\tRUNNING\tloss=2\nat\tRUNNING\tloss=1.5\nat\t${status}\tloss=1.5\n`,
    );
    expect(said.stderr).toBe("");
  });

  it("ends at Ctrl+C without a trace", async () => {
    const id = await writeRun(client, { status: "RUNNING" });
    const { child, said, ended } = startTidemark(mlruns, "runs", "watch", id, "--interval", "60");
    await until(() => said.stdout.includes("RUNNING"));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(said.stderr).toBe("");
  });

  it("redraws in a terminal", async () => {
    const id = await writeRun(client, { status: "RUNNING", name: "n".repeat(300), metrics: { loss: [2, 1] } });
    const ending = new Promise((resolve) => setTimeout(resolve, 1_500)).then(() =>
      client.runs.update({ runId: id, status: "FINISHED", endTime: Date.now() }),
    );
    const { code, stdout } = await tidemarkInTerminal(mlruns, 80, {}, "runs", "watch", id, "--interval", "0.3");
    await ending;
    expect(code).toBe(0);
    expect(stdout).toContain("\u001b[6A\u001b[J");
    expect(stdout).toMatch(/loss.* █▁/);
  });
});
