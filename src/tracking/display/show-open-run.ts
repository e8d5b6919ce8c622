import type { Backend } from "../../contract/backend.ts";
import type { QueueStats } from "../../queue/queue-stats.ts";
import type { MimeBundle } from "./mime-bundle.ts";
import { showRun } from "./show-run.ts";
import { htmlTable, textTable } from "./table.ts";

/** A cell must not wait long for a server that is away. */
const PATIENCE_MS = 2_000;

/** What is asked of an open run. */
interface OpenRun {
  readonly id: string;
  readonly backendId: string | undefined;
  readonly name: string;
  readonly status: string;
  readonly stats: QueueStats;
  readonly home: { readonly backend: Backend };
  flush(options: { timeoutMs: number }): Promise<void>;
}

/** An open run as its backend knows it, with what was logged a moment ago; what it knows of itself where the backend is away. */
export async function showOpenRun(run: OpenRun): Promise<MimeBundle> {
  const { tracking } = run.home.backend;
  try {
    await run.flush({ timeoutMs: PATIENCE_MS }).catch(() => {});
    if (run.backendId !== undefined) return await showRun(await tracking.getRun(run.backendId), tracking);
  } catch {
    // What it knows of itself, then.
  }
  const { appended, acknowledged, pending } = run.stats;
  const table = {
    columns: ["run", "status", "id", "logged", "at the backend", "waiting"],
    rows: [[run.name, run.status, run.id, String(appended), String(acknowledged), String(pending)]],
  };
  return { "text/html": htmlTable(table), "text/plain": textTable(table) };
}
