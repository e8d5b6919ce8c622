import { spawn } from "node:child_process";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Client } from "../../src/tracking/client.ts";
import { bin, tidemark, tidemarkInTerminal, writeRun } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { manifest } from "../support/repository.ts";

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = temporaryDirectory();
  client = await connect(mlruns);
});

const rowsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

describe("runs list", () => {
  it("separates whole values by tabs in a pipe", async () => {
    const startTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const name = `a name of ${"many ".repeat(50)}words`;
    const metrics = { loss: [0.5, 1 / 3] };
    const id = await writeRun(client, { name, startTime, metrics, params: { lr: "0.1" } });
    const { code, stdout, stderr } = await tidemark(mlruns, "runs", "list");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(rowsOf(stdout)).toEqual([
      ["id", "name", "experiment", "status", "started", "duration", "metrics.loss", "params.lr"],
      [id, name, "digits", "FINISHED", "2026-01-02T03:04:05.678Z", "1.5", String(1 / 3), "0.1"],
    ]);
  });

  it("filters, orders, limits, and keeps to experiments by name or id", async () => {
    const a = await writeRun(client, { metrics: { loss: [3] } });
    const b = await writeRun(client, { metrics: { loss: [1] }, experiment: "other" });
    const c = await writeRun(client, { metrics: { loss: [2] }, experiment: "third" });
    const ids = async (...args: string[]) =>
      rowsOf((await tidemark(mlruns, "runs", "list", "--columns", "id", ...args)).stdout)
        .slice(1)
        .flat();
    expect(await ids("--order-by", "metrics.loss")).toEqual([b, c, a]);
    expect(await ids("--filter", "metrics.loss > 1.5", "-o", "metrics.loss DESC")).toEqual([a, c]);
    expect(await ids("--limit", "1", "-o", "metrics.loss DESC")).toEqual([a]);
    const { experimentId } = await client.runs.get(c);
    expect(await ids("-e", "other", "-e", experimentId, "-o", "metrics.loss")).toEqual([b, c]);
    await client.runs.delete(a);
    expect(await ids("-o", "metrics.loss")).toEqual([b, c]);
    expect(await ids("--deleted")).toEqual([a]);
    expect(await ids("--all", "-o", "metrics.loss")).toEqual([b, c, a]);
  });

  it("answers whole entities as JSON, with the numbers JSON has not", async () => {
    const id = await writeRun(client, {
      metrics: { nan: [Number.NaN], high: [Number.POSITIVE_INFINITY], loss: [0.5] },
    });
    const { stdout } = await tidemark(mlruns, "--json", "runs", "list");
    const run = await client.runs.get(id);
    const plain = JSON.parse(
      JSON.stringify(run, (_, value) => (Number.isNaN(value) ? "NaN" : value === Infinity ? "Infinity" : value)),
    );
    expect(JSON.parse(stdout)).toEqual([plain]);
    expect(plain.metrics).toEqual({ nan: "NaN", high: "Infinity", loss: 0.5 });
  });

  it.each([
    [["--filter", "metrics.loss <"], "metrics.loss <", "              ^"],
    [["--filter", "params.'数字' = 3"], "params.'数字' = 3", "                ^"],
    [["-o", "metrics.loss", "-o", "metrics.loss UP"], "metrics.loss UP", "             ^"],
  ])("shows the place of an error in %j", async (args, expression, caret) => {
    await writeRun(client, {});
    const { code, stdout, stderr } = await tidemark(mlruns, "runs", "list", ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n").slice(1)).toEqual([`  ${expression}`, `  ${caret}`, ""]);
  });

  it("fits a terminal, with short ids, relative times and colours", async () => {
    const id = await writeRun(client, { name: "数字認識 🎯", metrics: { loss: [0.123456789] }, params: { lr: "0.1" } });
    const other = await writeRun(client, { name: "plain", experiment: "e".repeat(60), metrics: { loss: [2] } });
    const { code, stdout } = await tidemarkInTerminal(mlruns, 100, {}, "runs", "list");
    expect(code).toBe(0);
    expect(stdout).toContain("\u001b[32mFINISHED");
    const plain = (await tidemarkInTerminal(mlruns, 100, { NO_COLOR: "1" }, "runs", "list")).stdout;
    expect(plain).not.toContain("\u001b");
    const lines = plain.trimEnd().split("\r\n");
    expect(lines).toHaveLength(3);
    expect(lines.join("\n")).toMatch(/just now +1\.5 s +0\.123457/);
    for (const [run, line] of [
      [other, lines[1]],
      [id, lines[2]],
    ])
      expect(line?.split(" ")[0]).toBe(run?.slice(0, 8));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const narrow = (await tidemarkInTerminal(mlruns, 40, { NO_COLOR: "1" }, "runs", "list")).stdout;
    expect(Math.max(...narrow.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it("says nothing on stdout where nothing is", async () => {
    expect(await tidemark(mlruns, "runs", "list")).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect((await tidemark(mlruns, "runs", "list", "--json")).stdout).toBe("[]\n");
  });

  it("ends quietly when its reader has seen enough", async () => {
    for (let run = 0; run < 30; run++) await writeRun(client, { params: { long: "x".repeat(5_000) } });
    const child = spawn(bin, ["--uri", mlruns, "runs", "list", "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("experiments list", () => {
  it("lists what is active, deleted or both", async () => {
    const kept = await client.experiments.create({ name: "kept" });
    const deleted = await client.experiments.create({ name: "deleted" });
    await client.experiments.delete(deleted);
    const ids = async (...args: string[]) =>
      rowsOf((await tidemark(mlruns, "experiments", "list", ...args)).stdout)
        .slice(1)
        .map(([id]) => id);
    expect(await ids("-f", "name != 'Default'")).toEqual([kept]);
    expect(await ids("--deleted")).toEqual([deleted]);
    expect((await ids("--all")).sort()).toEqual(["0", kept, deleted].sort());
  });
});

describe("models", () => {
  it("lists and shows registered models", async () => {
    await client.registry.createModel({ name: "it's digits", description: "reads\ndigits" });
    for (const source of ["s3://a/1", "s3://a/2"]) await client.registry.createVersion({ name: "it's digits", source });
    await client.registry.setAlias({ name: "it's digits", alias: "champion", version: 2 });
    const { stdout } = await tidemark(mlruns, "models", "list", "-f", "name LIKE 'it%'");
    expect(rowsOf(stdout)[1]?.filter((_, column) => column !== 2)).toEqual([
      "it's digits",
      "champion=2",
      "reads�digits",
    ]);
    const shown = (await tidemark(mlruns, "models", "show", "it's digits")).stdout;
    expect(shown).toMatch(/^ +2 +champion .* s3:\/\/a\/2\n +1 .* s3:\/\/a\/1$/m);
    const { versions } = JSON.parse((await tidemark(mlruns, "models", "show", "it's digits", "--json")).stdout);
    expect(versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    expect((await tidemark(mlruns, "models", "show", "nothing")).code).toBe(1);
  });
});

describe("usage", () => {
  it.each([
    [["--help"], 0],
    [["--version"], 0],
    [["runs", "list", "--help"], 0],
    [[], 2],
    [["runs"], 2],
    [["walks", "list"], 2],
    [["runs", "list", "--colour"], 2],
    [["runs", "list", "--limit", "0"], 2],
    [["runs", "list", "--all", "--deleted"], 2],
    [["runs", "list", "--columns", "id,shoe"], 2],
    [["runs", "show"], 2],
    [["runs", "show", "abc"], 2],
    [["runs", "show", "../../etc"], 2],
    [["runs", "compare", "latest"], 2],
    [["runs", "watch", "latest", "--interval", "soon"], 2],
    [["--uri", "nowhere://at.all", "runs", "list"], 1],
    [["runs", "list", "-e", "missing"], 1],
    [["runs", "show", "latest"], 1],
  ])("%j ends with %i", async (args, expected) => {
    const { code, stdout, stderr } = await tidemark(mlruns, ...args);
    expect(code).toBe(expected);
    expect(expected === 0 ? stderr : stdout).toBe("");
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it("says the version of the package", async () => {
    expect((await tidemark(mlruns, "--version")).stdout).toBe(`${manifest.version}\n`);
  });

  it("keeps passwords to itself", async () => {
    const { stderr } = await tidemark(mlruns, "--uri", "nowhere://me:secret@host", "runs", "list");
    expect(stderr).toContain("nowhere://***@host");
  });
});
