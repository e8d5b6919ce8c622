/**
 * What looks at whole stores: copies one into another, deletes for good what was deleted long ago.
 *
 * @packageDocumentation
 */
export type { Garbage, GarbageKind } from "../contract/garbage-store.ts";
export { type GcResult, gc } from "./gc/gc.ts";
export type { GcItem, GcOptions } from "./gc/gc-options.ts";
export { SYNCED_FROM_STORE_TAG, SYNCED_FROM_TAG } from "./origin.ts";
export type { SyncConflict, SyncCounts, SyncFailure, SyncLoss, SyncReport } from "./report.ts";
export { sync } from "./sync.ts";
export type { SyncHolder, SyncOptions, SyncProgress } from "./sync-options.ts";
