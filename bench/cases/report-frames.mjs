// Opens a report in Chromium, moves and smooths its chart, and reports the longest task of the page's main thread by Chromium's own trace,
// in wall and cpu time: [file].
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { report } from "./support.mjs";

const CHROMIUM_PATH = "/usr/bin/chromium";
const PRESSES = 30;
const MOVES = 60;

const browser = await chromium.launch({ executablePath: CHROMIUM_PATH, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
const devtools = await page.context().newCDPSession(page);

/** The longest task while something is done. */
async function longestTask(work) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  devtools.on("Tracing.dataCollected", collect);
  const traceConfig = { includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] };
  await devtools.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await work();
  const complete = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
  await devtools.send("Tracing.end");
  await complete;
  devtools.off("Tracing.dataCollected", collect);
  const isMain = ({ name, args }) => name === "thread_name" && args.name === "CrRendererMain";
  const threads = new Set(events.filter(isMain).map(({ pid, tid }) => `${pid}:${tid}`));
  // One that went on when the trace ended has no duration.
  const hasEnded = ({ dur }) => dur !== undefined;
  const tasks = events.filter(
    (event) => event.name === "RunTask" && threads.has(`${event.pid}:${event.tid}`) && hasEnded(event),
  );
  if (tasks.length === 0) throw new Error("the trace has no tasks");
  const longest = (timeOf) => tasks.reduce((ms, task) => Math.max(ms, timeOf(task) / 1e3), 0);
  return { wallMs: longest(({ dur }) => dur), cpuMs: longest(({ dur, tdur = dur }) => tdur) };
}

const open = await longestTask(async () => {
  await page.goto(pathToFileURL(process.argv[2]).href, { waitUntil: "commit" });
  await page.locator("article[data-drawn]").first().waitFor();
});

const plot = page.locator(".plot").first();
const over = await page.locator(".u-over").first().boundingBox();
const pan = await longestTask(async () => {
  await plot.focus();
  for (let press = 0; press < 6; press++) await page.keyboard.press("+");
  for (let press = 0; press < PRESSES; press++) await page.keyboard.press(press % 10 < 5 ? "ArrowRight" : "ArrowLeft");
  await page.keyboard.down("Shift");
  await page.mouse.move(over.x + 300, over.y + 60);
  await page.mouse.down();
  for (let move = 0; move < MOVES; move++) await page.mouse.move(over.x + 300 - 3 * move, over.y + 60);
  await page.mouse.up();
  await page.keyboard.up("Shift");
});
const smooth = await longestTask(async () => {
  await page.getByLabel("Smoothing").focus();
  for (let press = 0; press < 10; press++) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(500);
});
await browser.close();

report({
  openWallMs: open.wallMs,
  openCpuMs: open.cpuMs,
  panWallMs: pan.wallMs,
  panCpuMs: pan.cpuMs,
  smoothWallMs: smooth.wallMs,
  smoothCpuMs: smooth.cpuMs,
});
