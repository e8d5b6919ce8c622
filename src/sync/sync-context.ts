import { refuseIfAborted } from "../base/store-errors.ts";
import type { Importer } from "../contract/importer.ts";
import type { Client } from "../tracking/client.ts";
import type { Ledger } from "./ledger.ts";
import type { SyncCounts } from "./report.ts";

/** What keeps other syncs from writing to the target. */
export interface WriteGuard {
  /** @throws {TidemarkError} `LOCK_LOST` where it does not */
  confirm(): Promise<void>;
}

/** What every part of a sync works with. */
export interface SyncContext {
  readonly from: Client;
  readonly to: Client;
  readonly ledger: Ledger;
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly artifacts: boolean;
  /** Paths and URIs. */
  readonly artifactDirectories: readonly string[];
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** To be asked before something is written. `undefined` where the target sees to it, or nothing can. */
  readonly guard: WriteGuard | undefined;
  /** By the id in the source: the id in the target of what is there, or would be. */
  readonly runIds: Map<string, string>;
  readonly modelIds: Map<string, string>;
  /** By experiment of a target that gives ids by itself: the ids of its runs, by those that they had where they were first. */
  readonly runCopies: Map<string, Map<string, string>>;
}

/** The target's importer; `undefined` where the target gives ids and times by itself. */
export const importerOf = ({ to }: SyncContext): Importer | undefined => to.backend.importer;

/**
 * Called before something is made, changed or deleted at the target, right after it was looked for.
 *
 * @throws {TidemarkError} `CANCELLED`; `LOCK_LOST`
 */
export async function beforeWrite({ signal, guard }: Pick<SyncContext, "signal" | "guard">): Promise<void> {
  refuseIfAborted(signal);
  await guard?.confirm();
}

/**
 * Does something to the target and counts it; a dry run only counts it. Answers false where it failed, which is in the ledger then.
 *
 * @throws {TidemarkError} what is no failure of this one thing
 */
export async function attempt(
  context: SyncContext,
  { where, what, counts }: { readonly where: string; readonly what: string; readonly counts: Partial<SyncCounts> },
  work: () => Promise<unknown>,
): Promise<boolean> {
  const { ledger, dryRun } = context;
  if (dryRun) refuseIfAborted(context.signal);
  else {
    await beforeWrite(context);
    try {
      await work();
    } catch (error) {
      ledger.failure(where, what, error);
      return false;
    }
  }
  ledger.addCopied(counts);
  return true;
}
