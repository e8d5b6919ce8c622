import { TidemarkError } from "../../base/errors.ts";
import type { Backend } from "../../contract/backend.ts";
import { Spool } from "../../queue/spool/spool.ts";
import { lastWriteMs, readHeader } from "../../queue/spool/spool-entry.ts";
import type { SpoolHeader } from "../../queue/spool/spool-header.ts";
import { sizeOf } from "../../queue/spool/spool-space.ts";
import type { GcItem } from "./gc-options.ts";

/** What waits for a run that will never take it. */
export interface SpoolLeft {
  readonly item: GcItem;
  readonly remove: () => Promise<boolean>;
}

/**
 * What this machine's spool holds of runs that are gone for good. A run that the backend has never had is not gone: it waits to be made.
 *
 * @param gone - Runs that go, or would go, in the same go.
 */
export async function* spoolsOfGoneRuns(
  { remote, tracking }: Backend,
  leftBefore: number,
  gone: ReadonlySet<string>,
): AsyncGenerator<SpoolLeft> {
  if (remote === undefined) return;
  const spool = new Spool(remote.identity);
  for (const directory of spool.left()) {
    const since = lastWriteMs(directory);
    const header = headerOf(directory);
    if (header?.runId === undefined || since >= leftBefore) continue;
    const { runId, name } = header;
    if (!gone.has(runId) && !(await isMissing(tracking.getRun(runId)))) continue;
    yield {
      item: { kind: "spool", id: runId, name, since, place: directory, bytes: sizeOf(directory) },
      remove: async () => {
        const entry = spool.claim(directory);
        entry?.remove();
        return entry !== undefined;
      },
    };
  }
}

/** What is damaged is for `tidemark spool list` to tell. */
function headerOf(directory: string): SpoolHeader | undefined {
  try {
    return readHeader(directory);
  } catch {
    return undefined;
  }
}

async function isMissing(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return false;
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return true;
    throw error;
  }
}
