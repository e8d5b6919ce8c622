import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Client, connect, startRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { type ReportOptions, report } from "../../../src/report/index.ts";
import { age, runDirectory, temporaryDirectory } from "../../support/mlruns.ts";
import { readPage } from "../../support/report-file.ts";

const inMemory = () => connect(memoryBackend());
const open = (client: Client, name = "a run") =>
  startRun({ client, experiment: "reports", name, captureEnvironment: false });

async function reported(client: Client, runs: Parameters<typeof report>[0], options: Partial<ReportOptions> = {}) {
  const file = join(temporaryDirectory(), "report.html");
  const result = await report(runs, { client, file, ...options });
  return { ...result, ...readPage(file) };
}

describe("report", () => {
  it("has every value of every metric, bit for bit", async () => {
    const client = await inMemory();
    const run = await open(client);
    const odd = [1e-300, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.1 + 0.2, Number.NEGATIVE_INFINITY, 5e-324];
    for (const [step, value] of odd.entries())
      run.logMetric("odd", value, { step: step * 3, timestamp: 1_700_000_000_000 + step });
    for (let step = 0; step < 70_000; step++) run.logMetric("long", Math.sin(step), { step });
    await run.end();
    const { curve, leftOut, payload } = await reported(client, run);
    expect(curve("odd")).toMatchObject({
      values: odd,
      steps: [0, 3, 6, 9, 12, 15, 18],
      timestamps: odd.map((_, index) => 1_700_000_000_000 + index),
      summary: { last: 5e-324, lastStep: 18, smallest: -0, largest: 0.1 + 0.2, largestStep: 12 },
    });
    const long = curve("long").values;
    expect(long.length).toBe(70_000);
    expect(long.every((value, step) => Object.is(value, Math.sin(step)))).toBe(true);
    expect([leftOut, payload.title, payload.runs.length]).toEqual([[], "a run", 1]);
  });

  it("flushes an open run, and shows it as it is", async () => {
    const client = await inMemory();
    const run = await open(client);
    run.logMetric("loss", 0.5);
    const { curve, payload } = await reported(client, run);
    expect([curve("loss").values, payload.runs[0]?.status]).toEqual([[0.5], "RUNNING"]);
    await run.end();
  });

  it("says since when nothing was heard of a run that says RUNNING", async () => {
    const mlruns = temporaryDirectory();
    const client = await connect(mlruns);
    const experimentId = await client.experiments.create({ name: "reports" });
    // Times of files are floats of seconds: of a whole one nothing is lost.
    const lastSign = Math.floor(Date.now() / 1_000 - 3_600) * 1_000;
    const ids: string[] = [];
    for (const name of ["left", "ended", "alive"]) {
      const { id } = await client.runs.create({ experimentId, name, startTime: lastSign - 1_000 });
      if (name === "ended") await client.runs.update({ runId: id, status: "KILLED" });
      if (name !== "alive") age(runDirectory(mlruns, id), lastSign);
      ids.push(id);
    }
    const { payload } = await reported(client, ids);
    expect(payload.runs.map(({ status, lastSign }) => [status, lastSign])).toEqual([
      ["RUNNING", lastSign],
      ["KILLED", undefined],
      ["RUNNING", undefined],
    ]);
  });

  it("takes ids, entities and runs, each once, in their order", async () => {
    const client = await inMemory();
    const runs = [await open(client, "one"), await open(client, "two"), await open(client, "three")];
    for (const run of runs) await run.end();
    const [one, two, three] = runs as [(typeof runs)[0], (typeof runs)[0], (typeof runs)[0]];
    const { payload } = await reported(client, [two.id, await client.runs.get(one.id), three, two]);
    expect(payload.runs.map(({ name }) => name)).toEqual(["two", "one", "three"]);
    expect(payload.title).toBe("3 runs of reports");
    expect((await reported(client, one, { title: "Mine" })).payload.title).toBe("Mine");
  });

  it("thins long curves to their extremes, and says so", async () => {
    const client = await inMemory();
    const run = await open(client);
    for (let step = 0; step < 10_000; step++)
      run.logMetric("long", step === 4_321 ? 99 : step === 77 ? -99 : Math.cos(step));
    for (let step = 0; step < 50; step++) run.logMetric("short", step);
    await run.end();
    const { curve, leftOut } = await reported(client, run, { maxPoints: 1_000 });
    const { values, place, summary } = curve("long");
    expect(values.length).toBeLessThanOrEqual(950);
    expect([Math.max(...values), Math.min(...values), place.logged]).toEqual([99, -99, 10_000]);
    expect(summary).toMatchObject({ largest: 99, largestStep: 4_321, smallestStep: 77, lastStep: 9_999 });
    expect(curve("short").values.length).toBe(50);
    expect(leftOut).toMatchObject([{ what: "curve", runId: run.id, name: "long" }]);
  });

  it("has tables, series of images, pictures and confusion matrices, and leaves out what is too large", async () => {
    const client = await inMemory();
    const run = await open(client);
    const image = (grey: number) => ({ data: new Uint8Array(24 * 24).fill(grey), width: 24, height: 24 });
    await run.logTable(
      [
        { digit: 3, id: 12_345_678_901_234_567_890n, drawing: image(9) },
        { digit: 4, id: 1n, drawing: null },
      ],
      "faq.json",
    );
    for (const step of [10, 0, 5]) await run.logImage(image(step), { key: "val/waves", step });
    await run.logImage(image(7), "plots/loss.png");
    await run.logText('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "plots/trap.png");
    await run.logJson(
      {
        labels: ["cat", "dog"],
        counts: [
          [5, 1],
          [0, 6],
        ],
      },
      "confusion_matrix.json",
    );
    await run.logJson([[1, 2]], "other-confusion-matrix.json");
    await run.end();
    const { payload, leftOut, data } = await reported(client, run);
    const [shown] = payload.runs;
    expect(shown?.tables).toMatchObject([{ path: "faq.json", columns: ["digit", "id", "drawing"], totalRows: 2 }]);
    expect(shown?.tables[0]?.rows[0]?.slice(0, 2)).toEqual(["3", "12345678901234567890"]);
    expect(shown?.tables[0]?.rows[0]?.[2]).toMatchObject({ type: "image/png" });
    expect(shown?.tables[0]?.rows[1]).toEqual(["4", "1", "null"]);
    expect(shown?.imageSeries.map(({ key, steps }) => [key, steps.map(({ step }) => step)])).toEqual([
      ["val/waves", [0, 5, 10]],
    ]);
    expect(shown?.pictures.map(({ path }) => path)).toEqual(["plots/loss.png"]);
    expect(shown?.matrices).toEqual([
      {
        path: "confusion_matrix.json",
        labels: ["cat", "dog"],
        counts: [
          [5, 1],
          [0, 6],
        ],
      },
    ]);
    expect(leftOut.map(({ what, name }) => `${what} ${name}`)).toEqual([
      "matrix other-confusion-matrix.json",
      "image plots/trap.png",
    ]);
    expect([...data.keys()].filter((id) => id.startsWith("image-")).length).toBe(5);

    const tight = await reported(client, run, { maxTotalImageBytes: 200, maxTableRows: 1, maxImageBytes: 150 });
    expect(tight.payload.runs[0]?.imageSeries.flatMap(({ steps }) => steps.map(({ step }) => step))).toEqual([10]);
    expect(tight.payload.runs[0]?.tables[0]?.rows.length).toBe(1);
    expect(tight.leftOut.map(({ what, name }) => `${what} ${name}`)).toContain("image val/waves");
    expect(tight.leftOut.map(({ what, name }) => `${what} ${name}`)).toContain("table faq.json");
  });

  it("sorts tags by whose they are, and cuts what is long", async () => {
    const client = await inMemory();
    const run = await open(client);
    run.setTags({
      team: "vision",
      "mlflow.source.git.commit": "abc",
      "tidemark.runtime": "node",
      "mlflow.note.content": "What it is",
      // A mark, where the store cannot take values back.
      "tidemark.mark.epoch 1": "{}",
      "tidemark.markPart.0.epoch 1": "x",
    });
    run.logParam("long", "x".repeat(5_000));
    await run.end();
    const { payload, leftOut } = await reported(client, run, { maxTextLength: 100 });
    expect(payload.runs[0]).toMatchObject({
      description: "What it is",
      tags: [["team", "vision"]],
      environment: [
        ["mlflow.source.git.commit", "abc"],
        ["tidemark.runtime", "node"],
      ],
      params: [["long", `${"x".repeat(99)}… (5000 characters)`]],
    });
    expect(leftOut).toEqual([{ what: "text", runId: run.id, name: "param long", why: "has 5000 characters" }]);
  });

  it("reads what others have put into a directory of runs, however large", async () => {
    const mlruns = temporaryDirectory();
    const client = await connect(mlruns);
    const run = await open(client);
    await run.end();
    const directory = join(mlruns, run.experimentId, run.id);
    writeFileSync(join(directory, "tags", "huge"), `${"<b>".repeat(3_500_000)}`);
    mkdirSync(join(directory, "artifacts/model"), { recursive: true });
    writeFileSync(join(directory, "artifacts/model/MLmodel"), "flavors: [not, a, mapping]\n");
    writeFileSync(join(directory, "artifacts/big.png"), new Uint8Array(3 * 2 ** 20));
    const { bytes, leftOut } = await reported(client, run.id);
    expect(bytes).toBeLessThan(300_000);
    expect(leftOut.map(({ what, name }) => `${what} ${name}`)).toEqual([
      "text tag huge",
      "image big.png",
      "model model/",
    ]);
  });

  it("replaces what is there, makes directories, and leaves nothing else behind", async () => {
    const client = await inMemory();
    const run = await open(client);
    await run.end();
    const directory = join(temporaryDirectory(), "made/for it");
    const file = join(directory, "report.html");
    await report(run, { client, file });
    writeFileSync(file, "old");
    const { bytes } = await report(run, { client, file });
    expect(readFileSync(file).length).toBe(bytes);
    expect(readdirSync(directory)).toEqual(["report.html"]);
  });

  it("has a page under 300 kB, in ASCII, without a word of any other place", async () => {
    const client = await inMemory();
    const run = await open(client, "größer <&> \u202e 🌊");
    await run.end();
    const { html, bytes, payload } = await reported(client, run);
    expect(bytes).toBeLessThan(300_000);
    expect(html).toMatch(/^[\n\x20-\x7e]+$/);
    expect(payload.runs[0]?.name).toBe("größer <&> \ufffd 🌊");
    expect(html).toContain("<title>gr&#246;&#223;er &#60;&#38;&#62; &#65533; &#127754;</title>");
    expect(html.match(/(src|href)="/g)).toBeNull();
    expect(html).toContain("The MIT License (MIT)");
  });
});

describe("report refuses", () => {
  it.each<[string, unknown, object, RegExp]>([
    ["no runs", [], {}, /runs: got an array of 0; expected a run, or 1 to 200/],
    ["something else", 7, {}, /runs: got 7; expected a run or its id/],
    ["something else among runs", ["a", null], {}, /runs\.1: got null/],
    ["a bad id", "../x", {}, /runId: is not a run id/],
    ["an unknown option", "a", { maxBytes: 1 }, /unknown option "maxBytes"/],
    ["no file", "a", { file: "" }, /options\.file: is empty/],
    ["a bad limit", "a", { maxPoints: 1 }, /options\.maxPoints: is below 100/],
  ])("%s", async (_, runs, options, message) => {
    const given = { client: await inMemory(), file: "never.html", ...options };
    const refused = report(runs as string, given);
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringMatching(message),
    });
  });

  it("runs that are not there, and writes nothing", async () => {
    const client = await inMemory();
    const run = await open(client);
    await run.end();
    const file = join(temporaryDirectory(), "report.html");
    const refused = report([run.id, "0".repeat(32)], { client, file });
    await expect(refused).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(existsSync(file)).toBe(false);
  });

  it("a place that is no file", async () => {
    const client = await inMemory();
    const run = await open(client);
    await run.end();
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "taken/by a directory"), { recursive: true });
    await expect(report(run, { client, file: join(directory, "taken") })).rejects.toMatchObject({
      code: "STORAGE_ERROR",
    });
    expect(readdirSync(directory)).toEqual(["taken"]);
  });
});
