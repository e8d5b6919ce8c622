import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { CHROMIUM_PATH } from "./peers.ts";
import { countPixels, findPale } from "./report-probes.mjs";
import { repository } from "./repository.ts";

const LONGEST_WAIT_MS = 30_000;

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM_PATH, args: ["--no-sandbox"] });

export interface Look {
  readonly width: number;
  readonly theme: "light" | "dark";
}

/** A report in a browser. Whatever it complains of, or asks of a network, fails the test. */
export async function openReport(browser: Browser, file: string, { width, theme }: Look): Promise<Page> {
  const height = width < 600 ? 740 : 900;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme, hasTouch: width < 600 });
  page.setDefaultTimeout(LONGEST_WAIT_MS);
  const said: string[] = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => said.push(`dialog: ${dialog.message()}`));
  const address = pathToFileURL(file).href;
  await page.route(
    (url) => url.href !== address && url.protocol !== "blob:",
    (route) => {
      said.push(`request: ${route.request().url()}`);
      return route.abort();
    },
  );
  onTestFinished(async () => {
    await page.close();
    expect(said).toEqual([]);
  });
  await page.goto(address);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  return page;
}

/** Saves a picture of the whole page for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const directory = join(repository, "test/screenshots");
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}

/** The card of a metric's chart, drawn. */
export async function chartOf(page: Page, name: string) {
  const card = page.locator("article.chart", { has: page.getByRole("heading", { name, exact: true }) });
  await card.scrollIntoViewIfNeeded();
  await card.and(page.locator("[data-drawn]")).waitFor();
  return card;
}

/** From where to where the x axis of a chart goes. */
export async function viewOf(card: Awaited<ReturnType<typeof chartOf>>): Promise<readonly [number, number]> {
  const plot = card.locator(".plot");
  return [Number(await plot.getAttribute("data-from")), Number(await plot.getAttribute("data-to"))];
}

/** How many pixels of a chart have a colour as sharp as that of a line, and how many a faint one. */
export async function paintedPixels(
  card: Awaited<ReturnType<typeof chartOf>>,
): Promise<{ sharp: number; faint: number }> {
  return await card.locator("canvas").evaluate(countPixels);
}

/** Texts of the page that are hard to read on what is behind them, with the contrast they have. */
export const paleTexts = (page: Page): Promise<string[]> => page.evaluate(findPale);

/** How far the page is wider than the window, in pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
