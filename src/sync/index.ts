/**
 * What looks at whole stores: deletes for good what was deleted long ago.
 *
 * @packageDocumentation
 */
export type { Garbage, GarbageKind } from "../contract/garbage-store.ts";
export { type GcResult, gc } from "./gc/gc.ts";
export type { GcItem, GcOptions } from "./gc/gc-options.ts";
