import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Client } from "../../src/tracking/client.ts";
import { tidemark, tidemarkInTerminal, writeRun } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = temporaryDirectory();
  client = await connect(mlruns);
});

/** What a page is called, and the names of its runs. */
function pageFacts(file: string): { title: string; runs: string[] } {
  const html = readFileSync(join(mlruns, file), "utf8");
  const { title, runs } = JSON.parse(/id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? "") as {
    title: string;
    runs: { name: string }[];
  };
  return { title, runs: runs.map(({ name }) => name) };
}

describe("report", () => {
  it("writes a page of a run, by the start of its id or as the latest", async () => {
    const id = await writeRun(client, { name: "baseline", metrics: { loss: [4, 1, 2] } });
    const named = await tidemark(mlruns, "report", id.slice(0, 8), "--out", "pages/one.html");
    expect(named).toMatchObject({ code: 0, stdout: "pages/one.html\n", stderr: "" });
    expect(pageFacts("pages/one.html")).toEqual({ title: "baseline", runs: ["baseline"] });
    const latest = await tidemark(mlruns, "report", "latest", "--json");
    const bytes = readFileSync(join(mlruns, "report.html")).length;
    expect(JSON.parse(latest.stdout)).toEqual({ file: "report.html", bytes, leftOut: [] });
  });

  it("compares runs, and those of an experiment that a filter lets through", async () => {
    const now = Date.now();
    const seeds = ["one", "two", "three"].map((name, index) => ({
      name,
      startTime: now + index,
      metrics: { loss: [index] },
    }));
    const ids = [];
    for (const seed of seeds) ids.push(await writeRun(client, { ...seed, experiment: "tides" }));
    await tidemark(mlruns, "report", ids[2] as string, ids[0] as string, "--out", "two.html", "--title", "Two of them");
    expect(pageFacts("two.html")).toEqual({ title: "Two of them", runs: ["three", "one"] });
    await tidemark(mlruns, "report", "--experiment", "tides", "--out", "all.html");
    expect(pageFacts("all.html")).toEqual({ title: "tides", runs: ["three", "two", "one"] });
    await tidemark(
      mlruns,
      "report",
      "-e",
      "tides",
      "-f",
      "metrics.loss < 2",
      "-o",
      "metrics.loss",
      "--out",
      "some.html",
    );
    expect(pageFacts("some.html").runs).toEqual(["one", "two"]);
    const limited = await tidemarkInTerminal(
      mlruns,
      100,
      {},
      "report",
      "-e",
      "tides",
      "-n",
      "2",
      "--max-points",
      "100",
    );
    expect(limited.stdout).toContain("there are more runs: --limit 2 was reached");
    expect(pageFacts("report.html").runs).toEqual(["three", "two"]);
  });

  it("says what is wrong, and leaves what is there", async () => {
    writeFileSync(join(mlruns, "report.html"), "mine");
    const nothing = await tidemark(mlruns, "report");
    expect(nothing).toMatchObject({ code: 2, stdout: "" });
    expect(nothing.stderr).toContain("error: name a run, or an experiment with --experiment");
    const missing = await tidemark(mlruns, "report", "0123456789abcdef");
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("0123456789abcdef");
    const unknown = await tidemark(mlruns, "report", "-e", "nowhere");
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    await writeRun(client, {});
    const empty = await tidemark(mlruns, "report", "-e", "digits", "-f", "metrics.loss > 1");
    expect(empty).toMatchObject({ code: 1, stdout: "" });
    expect(empty.stderr).toContain("expected a run, or 1 to 200");
    expect(readFileSync(join(mlruns, "report.html"), "utf8")).toBe("mine");
    expect(existsSync(join(mlruns, "pages"))).toBe(false);
  });
});
