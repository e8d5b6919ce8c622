// Cases of reports: how large a page is without data, and how long it holds up its browser with a million points.
import { join } from "node:path";
import { alternate, atMost, runCase, withDirectory } from "./harness.mjs";
import { sized } from "./options.mjs";

const points = sized(1_000_000, 20_000);
const LARGEST_PAGE_KB = 300;
const LONGEST_FRAME_MS = 50;

export const reportCases = {
  async report() {
    await withDirectory(async (directory) => {
      const page = (count) => join(directory, `${count}.html`);
      const empty = await runCase("report-write.mjs", [0, page(0)]);
      atMost("report", "a page without data", empty.bytes / 1e3, LARGEST_PAGE_KB, " kB", 0);
      const { elapsedMs, bytes } = await runCase("report-write.mjs", [points, page(points)]);
      const { frames } = await alternate({ frames: () => runCase("report-frames.mjs", [page(points)]) });
      const size = `${points.toLocaleString("en")} points (${(bytes / 1e6).toFixed(1)} MB, written in ${elapsedMs.toFixed(0)} ms)`;
      const longest = (what, wallMs, cpuMs) =>
        atMost(
          "report",
          `longest task of Chromium ${what} (in cpu time ${cpuMs.toFixed(0)} ms)`,
          wallMs,
          LONGEST_FRAME_MS,
          " ms",
          0,
        );
      longest(`while it opens ${size}`, frames.openWallMs, frames.openCpuMs);
      longest("while the same is moved by keys and by a drag", frames.panWallMs, frames.panCpuMs);
      longest("while the same is smoothed", frames.smoothWallMs, frames.smoothCpuMs);
    });
  },
};
