import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { metricLines, runStatus, temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

const FLUSH_INTERVAL_MS = 500;

describe("after SIGKILL, where no exit code runs", () => {
  it.each([
    { loop: "blocking", pauseMs: 0 },
    { loop: "blocking", pauseMs: 1 },
    { loop: "blocking", pauseMs: 50 },
    { loop: "yielding", pauseMs: 1 },
    { loop: "yielding", pauseMs: 50 },
  ])(
    "all values older than flushIntervalMs survive a $loop loop with $pauseMs ms between values",
    async ({ loop, pauseMs }) => {
      const directory = temporaryDirectory();
      const mlruns = join(directory, "mlruns");
      const progressFile = join(directory, "progress");
      const child = new TrainingChild("log-forever.mjs", { loop, pauseMs, progressFile }, mlruns);
      await child.says("\n");
      await new Promise((resolve) => setTimeout(resolve, 1_200 + Math.random() * 500));
      child.process.kill("SIGKILL");
      await child.ended;

      const progress = readFileSync(progressFile);
      const logged = progress.readDoubleLE(0);
      const killedAt = progress.readDoubleLE(8);
      const lines = metricLines(mlruns, child.runId, "loss");
      expect(lines.every(([, value], index) => value === index)).toBe(true);
      // One more may have been logged and killed before it was noted.
      expect(lines.length).toBeLessThanOrEqual(logged + 1);
      const survivors = lines.length / logged;
      console.log(
        `SIGKILL, ${loop}, ${pauseMs} ms apart: ${lines.length} of ${logged} values survived (${(survivors * 100).toFixed(2)} %)`,
      );
      if (lines.length < logged) {
        const [newestTimestamp] = lines[lines.length - 1] as [number, number, number];
        // The first value that is missing was logged after this one; it must have been young.
        expect(killedAt - newestTimestamp).toBeLessThanOrEqual(FLUSH_INTERVAL_MS);
      }
      expect(runStatus(mlruns, child.runId).status).toBe("RUNNING");
    },
  );
});
