import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { succeed } from "../support/child.ts";
import { CHROMIUM_PATH, denoPath, jupyterPath, leftOut } from "../support/peers.ts";

// A notebook in Deno's real kernel, spoken to as Jupyter does it; what its cells show is then opened in a real browser.

const HOSTILE = `<img src=x onerror="window.isRun = true"><script>window.isRun = true</script>`;

const CELLS = {
  log: `import { connect, startRun } from "tidemark";
    const run = await startRun({ experiment: "notebook", name: ${JSON.stringify(HOSTILE)}, params: { lr: 0.1, note: ${JSON.stringify(HOSTILE)} } });
    for (let step = 0; step < 100; step++) run.logMetric("loss", 1 / (step + 1));
    run.logMetric("odd", Number.NaN);
    run.setTag("team", ${JSON.stringify(HOSTILE)});`,
  openRun: "run",
  end: "await run.end(); const client = await connect();",
  search: "client.runs.search({ experimentIds: [run.experimentId] })",
  entity: "await client.runs.get(run.id)",
  history: 'await client.runs.metricHistory(run.id, "loss")',
  experiments: "client.experiments.search()",
  nothing: "client.registry.searchModels()",
};
type Cell = keyof typeof CELLS;
type Bundle = Readonly<Record<string, string>>;

describe.skipIf(leftOut("deno", "jupyter"))("in a notebook", () => {
  let shown: Record<Cell, Bundle | undefined>;

  beforeAll(async () => {
    const project = inject("installedProject");
    const script = fileURLToPath(new URL("../support/notebook.py", import.meta.url));
    const output = await succeed(jupyterPath(), [script, denoPath(), mkdtempSync(join(project, "cwd-"))], {
      cwd: project,
      env: { DENO_DIR: join(project, ".deno"), NO_COLOR: "1" },
      input: JSON.stringify(Object.values(CELLS)),
    });
    const bundles = (JSON.parse(output) as Bundle[][]).map((ofCell) => ofCell.at(-1));
    shown = Object.fromEntries(Object.keys(CELLS).map((cell, at) => [cell, bundles[at]])) as typeof shown;
  });

  const text = (cell: Cell) => shown[cell]?.["text/plain"] ?? "";
  const html = (cell: Cell) => shown[cell]?.["text/html"] ?? "";

  test.each(["openRun", "entity"] as const)("%s is shown with its params, metrics and curves", (cell) => {
    expect(text(cell)).toMatch(/^lr +0\.1$/m);
    expect(text(cell)).toMatch(/^loss +0\.01 +99$/m);
    expect(text(cell)).toMatch(/^odd +NaN +0$/m);
    expect(html(cell)).toContain("<td>0.01</td><td>99</td>");
    expect(html(cell).match(/<svg /g)).toHaveLength(1);
  });

  test("a run that is open is shown with what was logged a moment ago", () => {
    expect(text("openRun")).toContain("RUNNING");
    expect(text("entity")).toContain("FINISHED");
  });

  test("a search of runs is a table with a row for each", () => {
    expect(text("search").split("\n")).toHaveLength(2);
    expect(text("search")).toMatch(/^run +status +started +loss +odd/);
    expect(html("search")).toMatch(/^<table>/);
  });

  test("other searches are tables too, or say that nothing was found", () => {
    expect(text("experiments")).toMatch(/^id +name .*\n.* notebook /);
    expect(text("nothing")).toBe("nothing was found");
  });

  test("a history is a curve, also by itself", () => {
    expect(text("history")).toMatch(/^loss +100 +1 +0\.01 +0\.01 +1 +0 to 99$/m);
    expect(shown.history?.["image/svg+xml"]).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(html("history")).toContain(shown.history?.["image/svg+xml"]);
  });

  test.skipIf(leftOut("chromium"))("nothing that is shown runs in a browser", async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      const pieces = Object.values(shown).flatMap((bundle) => [bundle?.["text/html"], bundle?.["image/svg+xml"]]);
      await page.setContent(`<body>${pieces.join("\n")}</body>`);
      expect(await page.evaluate("window.isRun")).toBeUndefined();
      expect(await page.locator("img, script").count()).toBe(0);
      expect(await page.locator("td", { hasText: "<script>" }).count()).toBeGreaterThan(4);
      // Drawn, from the first step to the last.
      const box = await page.locator("svg path[stroke-linecap]").last().boundingBox();
      expect(box?.width).toBeGreaterThan(500);
      expect(box?.height).toBeGreaterThan(150);
    } finally {
      await browser.close();
    }
  });
});
