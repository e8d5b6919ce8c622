import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect, startRun } from "../../src/index.ts";
import { memoryBackend } from "../../src/memory/index.ts";
import { report } from "../../src/report/index.ts";
import { age, runDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import {
  chartOf,
  type Look,
  openReport,
  overflow,
  paintedPixels,
  paleTexts,
  startBrowser,
  takePicture,
  viewOf,
} from "../support/report-page.ts";
import { averageGrey, canvasAddress, focusedName } from "../support/report-probes.mjs";
import { BATCHES, fullRun, hostileRun, PAYLOADS } from "../support/report-runs.ts";

const DESKTOP: Look = { width: 1_440, theme: "light" };
const LOOKS: readonly Look[] = [360, 1_440].flatMap((width) =>
  (["light", "dark"] as const).map((theme) => ({ width, theme })),
);
const LAST_SIGN = new Date(2026, 10, 25, 21, 4, 9);
const SECTIONS = [
  "Curves",
  "Metrics",
  "Params",
  "Images",
  "Pictures",
  "Tables",
  "Confusion matrix",
  "Models",
  "Datasets",
  "System",
  "Tags",
  "Environment",
  "Files",
];

describe.skipIf(leftOut("chromium"))("a report in Chromium", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-report-"));
  const mlruns = join(directory, "mlruns");
  const files = {
    one: join(directory, "one.html"),
    three: join(directory, "three.html"),
    trap: join(directory, "trap.html"),
    left: join(directory, "left.html"),
    leftAndOther: join(directory, "left-and-other.html"),
  };
  let client: Client;
  let browser: Browser;
  beforeAll(async () => {
    client = await connect(mlruns);
    const runs = [
      await fullRun(client, "slow", 0.001),
      await fullRun(client, "baseline", 0.01),
      await fullRun(client, "fast", 0.05),
    ];
    await report(runs[1] as string, { client, file: files.one });
    await report(runs, { client, file: files.three });
    const trap = await hostileRun(client);
    writeFileSync(
      join(runDirectory(mlruns, trap), "tags", "huge"),
      "<img src=x onerror=window.pwned=1>".repeat(300_000),
    );
    await report(trap, { client, file: files.trap });
    const { id: left } = await client.runs.create({ experimentId: "0", name: "left", startTime: 1 });
    age(runDirectory(mlruns, left), LAST_SIGN.getTime());
    await report(left, { client, file: files.left });
    await report([left, runs[1] as string], { client, file: files.leftAndOther });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await client?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const rowsOf = (page: Page, section: string) => page.locator(`#${section} tbody tr`);

  describe.each(LOOKS)("$width px wide, $theme", (look) => {
    const name = (what: string) => `${what}-${look.width}-${look.theme}`;

    it("shows everything of a run, readable and within the window", async () => {
      const page = await openReport(browser, files.one, look);
      expect(await page.locator("h2").allTextContents()).toEqual(SECTIONS);
      await page.getByText("Handwritten digits, learned at a rate of 0.01.").waitFor();
      for (const metric of ["loss", "val_loss", "batch/loss", "system/cpu_utilization_percentage"]) {
        expect((await paintedPixels(await chartOf(page, metric))).sharp, metric).toBeGreaterThan(150);
      }
      expect(await overflow(page)).toBe(0);
      expect(await paleTexts(page)).toEqual([]);
      await page.locator("#pictures").scrollIntoViewIfNeeded();
      await takePicture(page, name("run"));
    });

    it("compares runs, readable and within the window", async () => {
      const page = await openReport(browser, files.three, look);
      expect(await rowsOf(page, "overview").count()).toBe(3);
      await chartOf(page, "accuracy");
      expect(await overflow(page)).toBe(0);
      expect(await paleTexts(page)).toEqual([]);
      await takePicture(page, name("comparison"));
    });

    it("says that nothing was heard of a run that says it is running", async () => {
      for (const [file, status] of [
        [files.left, "h1 .status"],
        [files.leftAndOther, "#overview tbody tr:first-child .status"],
      ] as const) {
        const page = await openReport(browser, file, look);
        const shown = await page.locator(status).textContent();
        expect(shown).toBe("running, no sign of life since 2026-11-25 21:04:09");
        expect(await overflow(page)).toBe(0);
        expect(await paleTexts(page)).toEqual([]);
      }
    });

    it("shows traps as the texts they are", async () => {
      const page = await openReport(browser, files.trap, look);
      for (const section of ["params", "tags", "environment", "metrics", "tables", "confusion"]) {
        await page.locator(`#${section}`).scrollIntoViewIfNeeded();
      }
      for (const metric of ["extreme/all", "extreme/same", "extreme/nan", "__proto__"]) await chartOf(page, metric);
      expect(await page.evaluate("window.pwned")).toBeUndefined();
      const shown = (await page.locator("#params td").allTextContents()).sort();
      // What would turn a text around is replaced.
      const readable = PAYLOADS.map((payload) => payload.replace(/[\u202e\u2066]/g, "\ufffd"));
      expect(shown).toEqual([...readable, "a name", "another"].sort());
      expect(await page.locator("#app :is(script, style, iframe, object, embed)").count()).toBe(0);
      expect(await page.locator("main svg:not(.line-swatch), img[onerror], svg[onload]").count()).toBe(0);
      expect(await page.locator("#tags", { hasText: "huge" }).textContent()).toContain("(10200000 characters)");
      const omitted = (await page.locator("#left-out tbody tr").allTextContents()).join(" ");
      for (const path of ["plots/trap.svg", "plots/trap.png", "images/trap+step+0"]) expect(omitted).toContain(path);
      expect(await overflow(page)).toBe(0);
      await takePicture(page, name("hostile"));
    });
  });

  it("zooms all charts at once: by a drag, by keys, by buttons, and back", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const [batches, loss] = [await chartOf(page, "batch/loss"), await chartOf(page, "loss")];
    expect([await viewOf(batches), await viewOf(loss)]).toEqual([
      [0, BATCHES - 1],
      [0, 19],
    ]);
    const box = await batches.locator(".u-over").boundingBox();
    if (box === null) throw new Error("there is no plot");
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await expect.poll(async () => (await viewOf(batches))[0]).toBeCloseTo(BATCHES * 0.25, -2);
    const [from, to] = await viewOf(batches);
    expect(to).toBeCloseTo(BATCHES * 0.75, -2);
    await expect.poll(() => viewOf(loss)).toEqual([from, to]);

    await batches.locator(".plot").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(async () => (await viewOf(loss))[0]).toBeGreaterThan(from);
    await page.keyboard.press("+");
    const widthOf = async () => (await viewOf(loss))[1] - (await viewOf(loss))[0];
    await expect.poll(widthOf).toBeCloseTo((to - from) / 1.4, 3);
    await page.keyboard.press("Escape");
    await expect.poll(() => viewOf(loss)).toEqual([0, 19]);

    await page.getByRole("button", { name: "Zoom in" }).click();
    await expect.poll(() => viewOf(loss)).not.toEqual([0, 19]);
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.poll(() => viewOf(batches)).toEqual([0, BATCHES - 1]);
  });

  it("moves what is in sight with Shift, and zooms with Ctrl and the wheel", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const card = await chartOf(page, "batch/loss");
    const box = await card.locator(".u-over").boundingBox();
    if (box === null) throw new Error("there is no plot");
    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -100);
    await page.keyboard.up("Control");
    await expect.poll(async () => (await viewOf(card))[0]).toBeGreaterThan(100);
    const [from, to] = await viewOf(card);
    await page.keyboard.down("Shift");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + 50, { steps: 6 });
    await page.mouse.up();
    await page.keyboard.up("Shift");
    const width = to - from;
    await expect.poll(async () => (await viewOf(card))[0]).toBeCloseTo(from + width / 4, -2);
    expect((await viewOf(card))[1] - (await viewOf(card))[0]).toBeCloseTo(width, 3);
  });

  it("smooths with the raw line behind, and draws on log axes", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const card = await chartOf(page, "batch/loss");
    expect((await paintedPixels(card)).faint).toBeLessThan(800);
    const raw = (await paintedPixels(card)).sharp;
    await page.getByLabel("Smoothing").fill("0.95");
    await expect.poll(async () => (await paintedPixels(card)).faint).toBeGreaterThan(2_000);
    expect((await paintedPixels(card)).sharp).toBeLessThan(raw / 2);
    await page.getByLabel("Log x").check();
    await expect.poll(() => card.locator(".note").textContent()).toBe("1 point without a place on a log x axis");
    expect(await viewOf(card)).toEqual([1, BATCHES - 1]);
    await page.getByLabel("Log y").check();
    const odd = await chartOf(page, "batch/gradient_norm");
    await expect.poll(() => odd.locator(".note").textContent()).toContain("▼ 2 not above 0");
  });

  it("has NaN and the infinities marked, and their axes whole", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const card = await chartOf(page, "batch/gradient_norm");
    expect(await card.locator(".note").textContent()).toBe("× 2 NaN · ▲ 1 infinite · ▼ 1 negative infinite");
    expect(await viewOf(card)).toEqual([0, 8]);
    expect((await paintedPixels(card)).sharp).toBeGreaterThan(200);
  });

  it("has time, and any metric, for x", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    // At once, while charts are still being made.
    await page.getByLabel("X axis", { exact: true }).selectOption("wall");
    await page.getByLabel("Smoothing").fill("0.5");
    const card = await chartOf(page, "val_loss");
    await expect.poll(async () => (await viewOf(card))[0]).toBeGreaterThan(1.6e9);
    await page.getByLabel("X axis", { exact: true }).selectOption("relative");
    await expect.poll(async () => (await viewOf(card))[1]).toBeLessThan(3_600);
    await page.getByLabel("X axis", { exact: true }).selectOption("metric");
    await page.getByLabel("Metric of the x axis").fill("loss");
    await expect.poll(async () => (await viewOf(card))[1]).toBe(1);
    expect((await viewOf(card))[0]).toBeCloseTo(Math.exp(-19 * 0.2), 9);
    await card.locator(".u-over").hover();
    await expect.poll(() => card.locator(".readout").textContent()).toMatch(/ at 0\.\d+$/);
  });

  it("tells of every run what it has where the pointer is, and takes runs out", async () => {
    const page = await openReport(browser, files.three, DESKTOP);
    const card = await chartOf(page, "accuracy");
    await card.locator(".u-over").hover();
    await expect.poll(() => card.locator(".tip > div").count()).toBe(3);
    expect((await card.locator(".tip span").allTextContents())[0]).toBe("fast");
    await page.getByLabel("Draw fast").uncheck();
    await card.locator(".u-over").hover({ position: { x: 40, y: 40 } });
    await expect.poll(() => card.locator(".tip span").allTextContents()).toEqual(["baseline", "slow"]);
  });

  it("shows only what differs, at first, and all when asked", async () => {
    const page = await openReport(browser, files.three, DESKTOP);
    const names = () => page.locator("#params tbody th").allTextContents();
    expect(await names()).toEqual(["lr"]);
    expect(await page.locator("#params tbody td").allTextContents()).toEqual(["0.001", "0.01", "0.05"]);
    await page.locator("#params").getByLabel("Only what differs").uncheck();
    await expect.poll(names).toEqual(["epochs", "lr", "optimizer.beta1", "optimizer.name"]);
    const best = page.locator("#metrics tr", { has: page.getByText("val_loss", { exact: true }) }).locator(".best");
    expect(await best.textContent()).toMatch(/★ best 0\.1/);
  });

  it("finds metrics by parts of their names", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const cards = () => page.locator("#curves article h4").allTextContents();
    expect((await cards()).length).toBe(5);
    const search = page.getByLabel("Search 6 metrics");
    await search.fill("LOSS batch");
    await expect.poll(cards).toEqual(["batch/loss"]);
    expect((await paintedPixels(await chartOf(page, "batch/loss"))).sharp).toBeGreaterThan(150);
    await search.fill("nothing at all");
    await page.getByText("No metric has this name.").waitFor();
    await search.fill("");
    await expect.poll(async () => (await cards()).length).toBe(5);
  });

  it("goes through images by step", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const images = page.locator("#images");
    await images.scrollIntoViewIfNeeded();
    const grey = () => images.locator("img").evaluate(averageGrey);
    await expect.poll(grey).toBe(220);
    await images.getByLabel("Step").press("ArrowLeft");
    await expect.poll(grey).toBe(120);
    expect(await images.locator("output").textContent()).toBe("step 5");
  });

  it("has a card for a model, with its signature", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const card = page.locator("#models");
    for (const text of [
      "irises",
      "ready",
      "tensor of float32 [any, 4]",
      "tensor of float32 [any, 3]",
      "onnx",
      "tfjs",
    ]) {
      await card.getByText(text, { exact: true }).first().waitFor();
    }
  });

  it("changes between light and dark, charts with it", async () => {
    const page = await openReport(browser, files.one, DESKTOP);
    const card = await chartOf(page, "loss");
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const pixels = () => card.locator("canvas").evaluate(canvasAddress);
    const [before, painted] = [await ground(), await pixels()];
    await page.getByRole("button", { name: "Switch to dark" }).click();
    expect(await ground()).not.toBe(before);
    await expect.poll(pixels).not.toBe(painted);
    expect(await paleTexts(page)).toEqual([]);
    await page.getByRole("button", { name: "Switch to light" }).click();
    expect(await ground()).toBe(before);
  });

  it("can be walked through with the keyboard", async () => {
    const page = await openReport(browser, files.three, DESKTOP);
    const names: string[] = [];
    for (let press = 0; press < 40; press++) {
      await page.keyboard.press("Tab");
      names.push(await page.evaluate(focusedName));
    }
    for (const name of [
      "Curves",
      "Switch to dark",
      "Draw slow",
      "Search 6 metrics",
      "X axis",
      "Smoothing",
      "Log y",
      "Zoom in",
    ]) {
      expect(names).toContain(name);
    }
    expect(names.every((name) => name !== "")).toBe(true);
  });

  it("prints without what only a screen needs, in light colours", async () => {
    const page = await openReport(browser, files.one, { width: 1_440, theme: "dark" });
    await chartOf(page, "loss");
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(20_000);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".toolbar").isVisible()).toBe(false);
    expect(await page.locator("header.top").isVisible()).toBe(false);
  });

  it("zooms with two fingers", async () => {
    const page = await openReport(browser, files.one, { width: 360, theme: "light" });
    const card = await chartOf(page, "batch/loss");
    const box = await card.locator(".u-over").boundingBox();
    if (box === null) throw new Error("there is no plot");
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...places: readonly number[]) => {
      const touchPoints = places.map((place, id) => ({ x: box.x + box.width * place, y: box.y + 60, id }));
      return devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
    };
    await touch("touchStart", 0.4, 0.6);
    for (let move = 1; move <= 5; move++) await touch("touchMove", 0.4 - 0.04 * move, 0.6 + 0.04 * move);
    await touch("touchEnd");
    // What was below the fingers still is: they are three times as far apart.
    await expect.poll(async () => (await viewOf(card))[1] - (await viewOf(card))[0]).toBeCloseTo(BATCHES / 3, -2);
    expect((await viewOf(card))[0]).toBeCloseTo(BATCHES / 3, -2);
  });

  it.skipIf(leftOut("python"))("shows the table and the images that Python MLflow has logged", async () => {
    const run = await startRun({ client, experiment: "python", captureEnvironment: false });
    await run.end();
    await runPython("write_media.py", [pathToFileURL(mlruns).href, run.id, "answers.json"], directory);
    const file = join(directory, "python.html");
    expect((await report(run.id, { client, file })).leftOut).toEqual([]);
    const page = await openReport(browser, file, DESKTOP);
    expect(await page.locator("#images h3").allTextContents()).toEqual(["python/floats", "python/wide"]);
    await page.locator("#images").scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator("#images img").first().evaluate(averageGrey)).toBeGreaterThan(100);
    const cells = await rowsOf(page, "tables").locator("th, td").allTextContents();
    expect(cells.sort()).toEqual(["", "9007199254740993", "from python"]);
    await page.locator("#tables img").scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator("#tables img").evaluate(averageGrey)).toBe(0);
  });

  it("stays quick with 12,000 metrics: makes few of them, and finds each", async () => {
    const memory = await connect(memoryBackend());
    const run = await startRun({ client: memory, captureEnvironment: false });
    for (let at = 0; at < 12_000; at++) run.logMetric(`layer${Math.floor(at / 100)}/weight${at}`, at, { step: 0 });
    await run.end();
    const file = join(directory, "many.html");
    await report(run, { client: memory, file });
    const page = await openReport(browser, file, DESKTOP);
    expect(await page.locator("*").count()).toBeLessThan(6_000);
    await page.getByLabel("Search 12,000 metrics").fill("weight11999");
    const card = await chartOf(page, "layer119/weight11999");
    expect(await card.locator(".readout").textContent()).toBe("11999");
    expect(await page.locator("article.chart").count()).toBe(1);
    await page.locator("#metrics").getByLabel("Search Metrics").fill("weight777");
    await expect.poll(() => rowsOf(page, "metrics").count()).toBe(11);
  });
});
