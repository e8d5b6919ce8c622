import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, startRun } from "../../src/index.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { CHROMIUM_PATH, leftOut } from "../support/peers.ts";

// The page is a large program and asks the server many things before it shows anything.
const LONGEST_WAIT_MS = 30_000;

const shade = (grey: number) => ({ data: new Uint8Array(300 * 150).fill(grey), width: 300, height: 150 });

async function openPage(): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_400, height: 1_000 } });
  page.setDefaultTimeout(LONGEST_WAIT_MS);
  return page;
}

/** Waits for an image whose address holds a text, and answers its size in pixels as the browser decoded it. */
async function decodedImage(page: Page, address: string): Promise<readonly number[]> {
  const image = page.locator(`img[src*="${encodeURIComponent(address)}"]`).first();
  await image.waitFor();
  await expect
    .poll(() => image.evaluate((element) => Reflect.get(element, "naturalWidth")), { timeout: LONGEST_WAIT_MS })
    .toBeGreaterThan(0);
  return await image.evaluate((element) => ["naturalWidth", "naturalHeight"].map((side) => Reflect.get(element, side)));
}

describe.skipIf(leftOut("python", "chromium"))("a person at MLflow's UI", () => {
  it("sees our table with its images, and our series of images step by step", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    const run = await startRun({ client, experiment: "ui", name: "seen", captureEnvironment: false });
    await run.logTable([{ question: "What is a tide?", answer: "It comes and goes", drawing: shade(90) }], "faq.json");
    for (let step = 0; step < 3; step++) await run.logImage(shade(80 * step), { key: "val/waves", step });
    await run.end();

    const server = await startMlflowServer({ store: pathToFileURL(mlruns).href, cwd: directory });
    onTestFinished(server.kill);
    const page = await openPage();
    const runPage = `${server.address}/#/experiments/${run.experimentId}/runs/${run.id}`;

    await page.goto(`${runPage}/artifacts/faq.json`);
    for (const text of ["question", "answer", "drawing", "What is a tide?", "It comes and goes"]) {
      await page.getByText(text, { exact: true }).first().waitFor();
    }
    expect(await decodedImage(page, "table_images/faq/")).toEqual([256, 128]);

    await page.goto(`${runPage}/model-metrics`);
    await page.getByText("val/waves", { exact: true }).first().waitFor();
    expect(await decodedImage(page, "images/val~waves+step+0+")).toEqual([256, 128]);
    for (const step of [1, 2]) {
      await page.getByRole("slider").first().press("ArrowRight");
      expect(await decodedImage(page, `images/val~waves+step+${step}+`)).toEqual([256, 128]);
    }
  });
});
