export { SYNCED_FROM_STORE_TAG, SYNCED_FROM_TAG } from "./origin.ts";
export type { SyncConflict, SyncCounts, SyncFailure, SyncLoss, SyncReport } from "./report.ts";
export { sync } from "./sync.ts";
export type { SyncOptions, SyncProgress } from "./sync-options.ts";
