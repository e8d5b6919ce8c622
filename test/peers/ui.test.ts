import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect, startRun } from "../../src/index.ts";
import { logModel } from "../../src/models/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { mlp } from "../support/peer-models.ts";
import { CHROMIUM_PATH, leftOut } from "../support/peers.ts";

// The page is a large program and asks the server many things before it shows anything.
const LONGEST_WAIT_MS = 30_000;

/** As the pages write it. */
const ALIAS = /^@\s*champion$/;

const shade = (grey: number) => ({ data: new Uint8Array(300 * 150).fill(grey), width: 300, height: 150 });

async function openPage(): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_400, height: 1_000 } });
  page.setDefaultTimeout(LONGEST_WAIT_MS);
  return page;
}

/** Waits for texts that stand by themselves. */
async function sees(page: Page, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await page.getByText(text, { exact: true }).first().waitFor();
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
  const directory = mkdtempSync(join(tmpdir(), "tidemark-ui-"));
  const mlruns = join(directory, "mlruns");
  let client: Client;
  let server: MlflowServer;
  beforeAll(async () => {
    client = await connect(mlruns);
    server = await startMlflowServer({ store: pathToFileURL(mlruns).href, cwd: directory });
  });
  afterAll(async () => {
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it("sees our table with its images, and our series of images step by step", async () => {
    const run = await startRun({ client, experiment: "ui", name: "seen", captureEnvironment: false });
    await run.logTable([{ question: "What is a tide?", answer: "It comes and goes", drawing: shade(90) }], "faq.json");
    for (let step = 0; step < 3; step++) await run.logImage(shade(80 * step), { key: "val/waves", step });
    await run.end();

    const page = await openPage();
    const runPage = `${server.address}/#/experiments/${run.experimentId}/runs/${run.id}`;

    await page.goto(`${runPage}/artifacts/faq.json`);
    await sees(page, "question", "answer", "drawing", "What is a tide?", "It comes and goes");
    expect(await decodedImage(page, "table_images/faq/")).toEqual([256, 128]);

    await page.goto(`${runPage}/model-metrics`);
    await sees(page, "val/waves");
    expect(await decodedImage(page, "images/val~waves+step+0+")).toEqual([256, 128]);
    for (const step of [1, 2]) {
      await page.getByRole("slider").first().press("ArrowRight");
      expect(await decodedImage(page, `images/val~waves+step+${step}+`)).toEqual([256, 128]);
    }
  });

  it("sees our logged model with its metrics and signature, and its version in the registry with the alias", async () => {
    const run = await startRun({ client, experiment: "ui", name: "trained", captureEnvironment: false });
    run.logMetric("tidal_loss", 0.125);
    const named = { name: "irises", registeredModelName: "flowers", alias: "champion" };
    const { modelId, version } = await logModel(run, mlp(), {
      tf,
      ort,
      inputExample: [[5.1, 3.5, 1.4, 0.2]],
      ...named,
    });
    await run.end();

    const page = await openPage();
    const modelPage = `${server.address}/#/experiments/${run.experimentId}/models/${modelId}`;
    await page.goto(modelPage);
    await sees(page, "irises", "Ready", "trained", "flowers", "v1", "tidal_loss", "0.125");
    await page.goto(`${modelPage}/artifacts`);
    await sees(page, "MLmodel", "model.onnx", "tfjs");
    await page.getByText("MLmodel", { exact: true }).first().click();
    await page
      .getByText(/hidden_input/)
      .first()
      .waitFor();

    await page.goto(`${server.address}/#/models/flowers`);
    await sees(page, "flowers", "Version 1");
    await page.getByText(ALIAS).first().waitFor();
    await page.goto(`${server.address}/#/models/flowers/versions/${version}`);
    await sees(page, "Version 1", "trained", "irises");
    await page.getByText(ALIAS).first().waitFor();
    for (const part of ["Inputs (1)", "Outputs (1)"]) await page.getByText(part).first().click();
    await sees(page, "Tensor (dtype: float32, shape: [-1,4])", "Tensor (dtype: float32, shape: [-1,3])");
    await page
      .getByText(/^hidden_input/)
      .first()
      .waitFor();
  });
});
