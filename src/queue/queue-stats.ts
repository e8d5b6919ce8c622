/** What became of everything a run was given: `appended = acknowledged + rejected + dropped + pending`, always. */
export interface QueueStats {
  /** Metric values, params, tags and inputs handed to the run so far. */
  readonly appended: number;
  /** At the backend. */
  readonly acknowledged: number;
  /** Refused by the backend for good. */
  readonly rejected: number;
  /** Given up, because memory and spool were full or the process ended. */
  readonly dropped: number;
  /** On the way. */
  readonly pending: number;
  /** The part of `pending` that is safe in the local spool. */
  readonly spooled: number;
  /** How many writes were tried again. */
  readonly retries: number;
}

/** The sentence about a loss or delay that error messages and warnings share. */
export function describeStats(stats: QueueStats): string {
  const parts = [`${stats.acknowledged} of ${stats.appended} entries are at the backend`];
  if (stats.rejected > 0) parts.push(`${stats.rejected} were rejected`);
  if (stats.dropped > 0) parts.push(`${stats.dropped} were dropped`);
  if (stats.pending > 0) parts.push(`${stats.pending} are pending`);
  if (stats.spooled > 0) parts.push(`${stats.spooled} of these are in the spool`);
  return parts.join(", ");
}
