import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import type { Run } from "./run.ts";

/** Where the uncommitted changes of the code that made a run are kept among its artifacts. */
const DIFF_ARTIFACT = "git/uncommitted.patch";

/** Keeps the uncommitted changes with a run. That they cannot be kept is only said. */
export async function keepDiff(run: Run<never>, diff: string): Promise<void> {
  await run.logText(diff, DIFF_ARTIFACT).catch((error: unknown) => {
    warnOnce(`diff:${run.id}`, `run ${run.id}: the uncommitted changes could not be kept: ${messageOf(error)}`);
  });
}
