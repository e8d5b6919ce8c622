import { expect, it } from "vitest";
import { metricLines, runStatus, temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

it.each([
  { end: "return", code: 0, status: "FINISHED" },
  { end: "exit-0", code: 0, status: "FINISHED" },
  { end: "exit-1", code: 1, status: "FAILED" },
  { end: "throw", code: 1, status: "FAILED" },
  { end: "end-then-exit", code: 0, status: "FINISHED" },
])("what autolog(ort) had not summed up yet is there after $end", async ({ end, code, status }) => {
  const mlruns = temporaryDirectory();
  const child = new TrainingChild("autolog-ort.mjs", { end }, mlruns);
  expect((await child.ended).code, child.stderr).toBe(code);
  expect(metricLines(mlruns, child.runId, "loss").map(([, value]) => value)).toEqual([...Array(20).keys()]);
  for (const key of ["latency_p95_ms", "steps_per_second"]) {
    expect(metricLines(mlruns, child.runId, key).map(([, , step]) => step)).toEqual([19]);
  }
  expect(runStatus(mlruns, child.runId)).toEqual({ status, hasEnd: true });
});
