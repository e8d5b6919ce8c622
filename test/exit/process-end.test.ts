import { describe, expect, it } from "vitest";
import { metricLines, runStatus, runTag, temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

const COUNT = 100_000;

/** How a program ends, with what exit code, and what status its run must have then. */
const endings = [
  { end: "return", code: 0, status: "FINISHED" },
  { end: "end", code: 0, status: "FINISHED" },
  { end: "exit-0", code: 0, status: "FINISHED" },
  { end: "exit-1", code: 1, status: "FAILED" },
  { end: "throw", code: 1, status: "FAILED", error: "TypeError: the training went wrong" },
  { end: "throw-later", code: 1, status: "FAILED", error: "TypeError: the training went wrong" },
  { end: "rejection", code: 1, status: "FAILED", error: "TypeError: the training went wrong" },
  { end: "caught", code: 0, status: "FINISHED" },
  { end: "never", code: 13, status: "FAILED" },
  { end: "end-then-exit", code: 0, status: "KILLED" },
];

function expectAll(mlruns: string, runId: string): void {
  const lines = metricLines(mlruns, runId, "loss");
  expect(lines.length).toBe(COUNT);
  expect(lines.every(([, value, step], index) => value === index && step === index)).toBe(true);
}

describe.each(["blocking", "yielding"])("100,000 values from a %s loop", (loop) => {
  it.each(endings)("are all there after $end, and the run is $status", async ({ end, code, status, error }) => {
    const mlruns = temporaryDirectory();
    const child = new TrainingChild("log-values.mjs", { count: COUNT, loop, end }, mlruns);
    expect((await child.ended).code).toBe(code);
    expectAll(mlruns, child.runId);
    expect(runStatus(mlruns, child.runId)).toEqual({ status, hasEnd: true });
    const tag = runTag(mlruns, child.runId, "tidemark.error");
    if (error === undefined) expect(tag).toBeUndefined();
    else expect(tag).toContain(error);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "are all there after %s with handleSignals, and the run is KILLED",
    async (signal) => {
      const mlruns = temporaryDirectory();
      const child = new TrainingChild(
        "log-values.mjs",
        { count: COUNT, loop, end: "signal", handleSignals: true },
        mlruns,
      );
      await child.says("ready");
      child.process.kill(signal);
      // The signal still has its own effect.
      expect((await child.ended).signal).toBe(signal);
      expectAll(mlruns, child.runId);
      expect(runStatus(mlruns, child.runId)).toEqual({ status: "KILLED", hasEnd: true });
    },
  );

  it.each(["SIGTERM", "SIGINT"] as const)(
    "are there up to the last hand-over after %s without handleSignals, and the run stays RUNNING",
    async (signal) => {
      const mlruns = temporaryDirectory();
      const child = new TrainingChild("log-values.mjs", { count: COUNT, loop, end: "signal" }, mlruns);
      await child.says("ready");
      // Longer than flushIntervalMs in an idle event loop: by then all is handed over.
      await new Promise((resolve) => setTimeout(resolve, 700));
      child.process.kill(signal);
      expect((await child.ended).signal).toBe(signal);
      expectAll(mlruns, child.runId);
      expect(runStatus(mlruns, child.runId)).toEqual({ status: "RUNNING", hasEnd: false });
    },
  );
});
