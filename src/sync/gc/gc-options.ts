import { z } from "zod";
import type { Backend } from "../../contract/backend.ts";
import type { Garbage, GarbageKind } from "../../contract/garbage-store.ts";
import type { Client } from "../../tracking/client.ts";

/** One thing that was deleted for good, or stays. */
export interface GcItem extends Omit<Garbage, "kind" | "refersTo" | "token"> {
  readonly kind: GarbageKind | "spool";
}

const DAY_MS = 24 * 3_600_000;
const DEFAULT_AGE_MS = 30 * DAY_MS;

/** A client of any copy of the package, which holds its backend, or a backend itself. */
const isPlace = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("backend" in value || "tracking" in value);

const placeSchema = z.custom<string | Backend | Client>(
  (value) => (typeof value === "string" && value !== "") || isPlace(value),
  { error: "is no URI, client or backend" },
);

export const gcSchema = z.strictObject({
  /** What to clean: a URI, a client or a backend. */
  store: placeSchema,
  /** How long ago things must have been deleted, and leftovers written last, in milliseconds. Leftovers are at least a day old. Default: 30 days. */
  olderThanMs: z.number().nonnegative().default(DEFAULT_AGE_MS),
  /** Deletes nothing, and answers what it would delete. Default true. */
  dryRun: z.boolean().default(true),
  /** Also what this machine's spool holds of runs that are gone at the store. Default false. */
  spools: z.boolean().default(false),
  /** Other registries whose versions may be made of what is here: URIs, clients or backends. */
  registries: z.array(placeSchema).default([]),
  /** Called for each thing, as soon as it is deleted, or found by a dry run. */
  onPurged: z
    .custom<(item: GcItem) => void>((value) => typeof value === "function", { error: "is no function" })
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
});
/** What `gc` takes. @interface */
export type GcOptions = z.input<typeof gcSchema>;
export type Place = z.output<typeof placeSchema>;

/** What is being written now has no other sign than its age. */
export const YOUNGEST_LEFTOVER_MS = DAY_MS;
