import { randomUUID } from "node:crypto";
import { z } from "zod";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import type { S3Client } from "../client.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { isMissingObject, placeOf } from "../s3-error.ts";
import { readObject } from "./objects.ts";

const COMPACTED = /^(\d{8,15})-[\w-]{1,80}\.parquet$/;
const count = z.int().min(0);

/** From here on readers have to know of parts. */
const FORMAT_WITH_PARTS = 2;

const cutSchema = z.object({
  /** The revision that made it. Files of earlier ones still hold what it drops. */
  rev: count,
  /** The parts of which rows are dropped. */
  from: count,
  to: count,
  /** `[key, step]`: only rows of these keys, at these steps and behind them. Absent: all rows. Pairs, because any key may be logged. */
  steps: z.array(z.tuple([z.string(), z.int()])).optional(),
});
/** Rows that count no more. */
export type Cut = z.infer<typeof cutSchema>;

const manifestSchema = z.object({
  format: z.int().min(1).max(FORMAT_WITH_PARTS),
  /** One more with every write. */
  rev: count,
  /** Names the write. */
  op: z.string(),
  /** By writer: up to which sequence number its segments are in the compacted files. Others of these numbers count no more. */
  hwm: z.record(z.string(), count),
  /** The compacted files, oldest rows first. */
  objs: z.array(z.object({ name: z.string().regex(COMPACTED), rows: count, bytes: count })).max(100_000),
  /** When the newest segment in them was written, by the storage's clock, in milliseconds since 1970. */
  lastWrite: z.number().optional(),
  /** The part of the log that new rows are in. Absent where there has been no mark and no rewind: 0. */
  part: count.optional(),
  /** Where earlier parts end, ascending, as far as segments have to be told apart: by writer, the last sequence number. */
  ends: z.array(z.object({ part: count, at: z.array(z.tuple([z.string(), count])) })).optional(),
  /** Oldest first: all rows of these parts, and of earlier ones, were there when the mark was made. */
  marks: z
    .array(z.object({ name: z.string(), time: z.number(), part: count }))
    .max(100_000)
    .optional(),
  cuts: z.array(cutSchema).optional(),
  /** How often the run was taken back. */
  rewinds: count.optional(),
  /** Of the last marks and rewinds, so that they are known again when they come a second time. */
  ids: z.array(z.string()).optional(),
});

/** Which files hold a run's metrics, beside the segments that are newer: `metrics.json`. */
export type Manifest = z.infer<typeof manifestSchema>;
/** What a write of it says anew. */
export type ManifestChange = Omit<Manifest, "format" | "rev" | "op">;
export type CompactedFile = Manifest["objs"][number];

/** A manifest as it was read; without an ETag where there is none yet. */
export interface StoredManifest {
  readonly manifest: Manifest;
  readonly etag: string | undefined;
}

const NONE: Manifest = { format: 1, rev: 0, op: "", hwm: {}, objs: [] };
/** Tens of thousands of writers and files. */
const MOST_BYTES = 16 << 20;

/** @throws {TidemarkError} S3's; `DATA_DAMAGED` for something else; `NOT_IMPLEMENTED` for a later format */
export async function readManifest(client: S3Client, key: string, options: S3RequestOptions): Promise<StoredManifest> {
  try {
    const { bytes, etag } = await readObject(client, key, MOST_BYTES, options);
    return { manifest: parseManifest(bytes, placeOf(client.bucket, key)), etag };
  } catch (error) {
    if (isMissingObject(error)) return { manifest: NONE, etag: undefined };
    throw error;
  }
}

function parseManifest(bytes: Uint8Array, place: string): Manifest {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString());
    const format = typeof json === "object" && json !== null && "format" in json ? json.format : undefined;
    if (typeof format === "number" && format > FORMAT_WITH_PARTS)
      throw new TidemarkError(
        "NOT_IMPLEMENTED",
        `${place} is in format ${format}, which a later version of tidemark reads`,
      );
    const { hwm, ...rest } = manifestSchema.parse(json);
    // Writers are other people's texts: none of them is a method.
    return { ...rest, hwm: Object.assign(Object.create(null), hwm) };
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError("DATA_DAMAGED", `${place} is no manifest: ${messageOf(error)}`, { cause: error });
  }
}

/** Puts a manifest in the place of the one that was read. Answers whether it is there now: somebody else may have been faster. */
export async function replaceManifest(
  client: S3Client,
  key: string,
  { manifest, etag }: StoredManifest,
  next: ManifestChange,
  options: S3RequestOptions,
): Promise<Manifest | undefined> {
  const format = next.part === undefined ? 1 : FORMAT_WITH_PARTS;
  const written: Manifest = { format, rev: manifest.rev + 1, op: randomUUID(), ...next };
  const body = Buffer.from(JSON.stringify(written));
  const condition = etag === undefined ? ({ ifAbsent: true } as const) : { ifMatch: etag };
  const headers = { "content-type": "application/json" };
  const outcome = await client.putIf(key, body, condition, { ...options, headers });
  return outcome.status === "written" ? written : undefined;
}

/**
 * The name of a compacted file, which tells the revision that would be the first to list it. One that is not listed by then never will
 * be: whoever wrote it has lost.
 */
export const compactedName = (rev: number): string => `${String(rev).padStart(8, "0")}-${randomUUID()}.parquet`;

/** The revision in the name; `undefined` for other names. */
export function revisionOf(name: string): number | undefined {
  const rev = COMPACTED.exec(name)?.[1];
  return rev === undefined ? undefined : Number(rev);
}
