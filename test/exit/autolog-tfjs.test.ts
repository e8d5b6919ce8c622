import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { metricLines, runStatus, runTag, temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

const STEPS = 500;

it.each([
  { loop: "minimize", end: "return", code: 0, status: "FINISHED" },
  { loop: "minimize", end: "exit-0", code: 0, status: "FINISHED" },
  { loop: "minimize", end: "exit-1", code: 1, status: "FAILED" },
  { loop: "minimize", end: "throw", code: 1, status: "FAILED", error: "the training went wrong" },
  { loop: "fit", end: "exit-0", code: 0, status: "FINISHED" },
  { loop: "fit", end: "exit-1", code: 1, status: "FAILED" },
  { loop: "fit", end: "throw", code: 1, status: "FAILED", error: "the training went wrong" },
])("every batch of $loop is there after $end, and the run is $status", async ({ loop, end, code, status, error }) => {
  const mlruns = temporaryDirectory();
  const child = new TrainingChild("train-tfjs.mjs", { loop, end }, mlruns);
  expect((await child.ended).code, child.stderr).toBe(code);
  const [runId = "", ...others] = readdirSync(join(mlruns, "0")).filter((name) => /^[0-9a-f]{32}$/.test(name));
  expect(others).toEqual([]);
  const lines = metricLines(mlruns, runId, "batch_loss");
  expect(lines.map(([, , step]) => step)).toEqual(Array.from({ length: STEPS }, (_, step) => step));
  expect(runStatus(mlruns, runId)).toEqual({ status, hasEnd: true });
  const tag = runTag(mlruns, runId, "tidemark.error");
  if (error === undefined) expect(tag).toBeUndefined();
  else expect(tag).toContain(error);
});
