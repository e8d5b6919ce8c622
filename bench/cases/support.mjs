// What the cases share: a client whose sink takes batches and drops them, and the report line the runner reads.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, startRun } from "tidemark";
import { memoryBackend } from "tidemark/memory";

/** A run whose sink takes every batch and drops it: what is left is the cost of the queue itself. */
export async function droppingRun() {
  const backend = memoryBackend();
  const sink = { limits: {}, writeSync: () => ({ status: "ok" }), close: () => {} };
  backend.tracking.openSink = async () => sink;
  const client = await connect(backend);
  return await startRun({ client, captureEnvironment: false });
}

/** The arguments of this case: which variant to run, and how often. */
export const [, , variant, countText] = process.argv;
export const count = Number(countText);

/** Answers the runner. */
export function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** A directory on the disk under test, removed at exit. */
export function scratchDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** float64 values whose shortest text has 16 or 17 digits, as real losses have. */
export function realisticValues(length) {
  let state = 42;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 3_000_000_019;
  });
}

/** How long some work takes, and by how much the resident size grows at most meanwhile. */
export async function growthOf(work) {
  const before = process.memoryUsage.rss();
  const begun = performance.now();
  await work();
  const elapsedMs = performance.now() - begun;
  // The system's own record: a timer sees nothing while the thread is busy.
  const most = process.resourceUsage().maxRSS * 1_024;
  return { elapsedMs, growthMb: Math.max(most - before, 0) / 1e6 };
}
