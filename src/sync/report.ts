/** What a sync counts, of each what it has copied and what was equal already. */
export interface SyncCounts {
  experiments: number;
  runs: number;
  params: number;
  /** Of experiments, runs, logged models, registered models and versions. */
  tags: number;
  /** Values of metrics, with step and time. */
  values: number;
  /** Datasets that runs used. */
  datasets: number;
  /** Logged models that runs used or produced. */
  modelLinks: number;
  loggedModels: number;
  /** The latest values that were measured on logged models. */
  measurements: number;
  /** Artifacts, of runs and of logged models. */
  files: number;
  /** In these files. */
  bytes: number;
  registeredModels: number;
  versions: number;
  aliases: number;
  /** Names, states, end times, descriptions, stages and deletions of what the target had before. */
  changes: number;
}

/** Something that both stores have, with different content. */
export interface SyncConflict {
  /** Like `run 4f0c…` or `version 3 of digits`. */
  readonly where: string;
  /** Like `params.lr`, `metrics.loss`, `artifacts/model.onnx`, `status`. */
  readonly what: string;
  readonly source: string;
  readonly target: string;
  /** The source's value was written over the target's, as `overwrite` wants. */
  readonly isOverwritten: boolean;
}

/** Something that the target cannot hold as the source has it. What is nearest to it is there. */
export interface SyncLoss {
  readonly where: string;
  readonly what: string;
  readonly reason: string;
}

/** Something that could not be read, or that the target has refused. Everything else went on. */
export interface SyncFailure {
  readonly where: string;
  readonly what: string;
  /** A code of `TidemarkError`. */
  readonly code: string;
  readonly message: string;
}

/** What a sync has done, or would do. Plain data: it can be written as JSON. */
export interface SyncReport {
  /** URIs, without credentials. */
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
  /** Nothing was copied, nothing differs, nothing failed. */
  readonly isEqual: boolean;
  readonly copied: Readonly<SyncCounts>;
  readonly equal: Readonly<SyncCounts>;
  readonly conflicts: readonly SyncConflict[];
  readonly losses: readonly SyncLoss[];
  readonly failures: readonly SyncFailure[];
}

/** A count of nothing. */
export const noCounts = (): SyncCounts => ({
  experiments: 0,
  runs: 0,
  params: 0,
  tags: 0,
  values: 0,
  datasets: 0,
  modelLinks: 0,
  loggedModels: 0,
  measurements: 0,
  files: 0,
  bytes: 0,
  registeredModels: 0,
  versions: 0,
  aliases: 0,
  changes: 0,
});

/** Adds some counts to others. */
export function addCounts(sum: SyncCounts, more: Partial<SyncCounts>): void {
  for (const [name, count] of Object.entries(more) as [keyof SyncCounts, number][]) sum[name] += count;
}
