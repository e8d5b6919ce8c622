import { describe, expect, it } from "vitest";
import { listSpool } from "../../src/queue/spool/spool.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { TrainingChild } from "../support/training-child.ts";

const COUNT = 100_000;
/** Nobody listens there: a port below 1,024 that no service has. */
const NOWHERE = "http://127.0.0.1:9";

/** How a program ends, with what exit code, what status its run waits with then, and how many entries beside the values. */
const endings = [
  { end: "return", code: 0, status: "FINISHED" },
  { end: "end", code: 0, status: "FINISHED" },
  { end: "exit-0", code: 0, status: "FINISHED" },
  { end: "exit-1", code: 1, status: "FAILED" },
  { end: "throw", code: 1, status: "FAILED", tags: 1 },
  { end: "rejection", code: 1, status: "FAILED", tags: 1 },
  { end: "end-then-exit", code: 0, status: "KILLED" },
];

describe.each(["blocking", "yielding"])("100,000 values from a %s loop, and the server away", (loop) => {
  const start = (end: string, spool: string) =>
    new TrainingChild("log-values.mjs", { count: COUNT, loop, end }, NOWHERE, { TIDEMARK_SPOOL_DIR: spool });

  it.each(endings)("wait on the disk after $end, and the run as $status", async ({ end, code, status, tags = 0 }) => {
    const spool = temporaryDirectory();
    const child = start(end, spool);
    expect((await child.ended).code).toBe(code);
    expect(listSpool(spool)).toMatchObject([
      { isOwned: false, header: { localRunId: child.runId }, entries: COUNT + tags, end: { status } },
    ]);
  });

  it("wait on the disk after SIGKILL, and the run without a status", async () => {
    const spool = temporaryDirectory();
    const child = start("signal", spool);
    await child.says("ready");
    // Longer than flushIntervalMs in an idle event loop: by then all is handed over.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(listSpool(spool)).toMatchObject([{ isOwned: true, entries: COUNT }]);
    child.process.kill("SIGKILL");
    await child.ended;
    const [left] = listSpool(spool);
    expect(left).toMatchObject({ isOwned: false, entries: COUNT });
    expect(left?.end).toBeUndefined();
  });
});
