import { createHash } from "node:crypto";
import { z } from "zod";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import { UploadBody, type UploadSource } from "../disk/upload-source.ts";
import { type ArtifactLocation, routesOfParts } from "./artifact-location.ts";
import { presignedFile } from "./presigned-download.ts";
import type { RestClient } from "./rest-client.ts";
import { type Grant, grantHeaders, grantUrl, type StorageClient } from "./storage-client.ts";

/** More do not fill a line better, and every one holds a piece of the file in memory. */
const PARALLEL_PARTS = 4;
/** S3's limit. */
const MOST_PARTS = 10_000;
/** How long a failed upload may wait for the server to throw its parts away. */
const ABORT_TIMEOUT_MS = 10_000;

/** MLflow's answer to `mpu/create`, as `CreateMultipartUploadResponse` in its `entities/multipart_upload.py`. */
const created = z.object({
  /** Azure has none. */
  upload_id: z.string().nullish(),
  credentials: z.array(z.object({ url: grantUrl, part_number: z.int().positive(), headers: grantHeaders })),
});

/** What an upload in parts needs. */
export interface MultipartUploadOptions {
  readonly rest: RestClient;
  readonly storage: StorageClient;
  readonly location: ArtifactLocation;
  /** Below the location. */
  readonly path: string;
  readonly source: UploadSource;
  /** The size of a part, where the file does not need larger ones. */
  readonly partBytes: number;
  readonly control: TransferControl;
}

interface Part {
  readonly number: number;
  readonly grant: Grant;
  readonly body: UploadBody;
}

/**
 * Sends a file in parts to the storage behind a server. The server signs them, and makes a file of them in the end. Answers false
 * where it cannot. What fails leaves nothing behind.
 *
 * @throws {TidemarkError} the server's or the storage's error, `STORAGE_ERROR` where the file changes meanwhile, `CANCELLED`
 */
export async function uploadInParts(options: MultipartUploadOptions): Promise<boolean> {
  const { rest, location, path, source, control } = options;
  const { name, create, complete, abort } = routesOfParts(location, path);
  const partBytes = Math.max(options.partBytes, Math.ceil(source.sizeBytes / MOST_PARTS));
  // An empty file is one empty part.
  const count = Math.max(1, Math.ceil(source.sizeBytes / partBytes));
  const granted = await createUpload(rest, create, { path: name, num_parts: count }, control.signal);
  if (granted === undefined) return false;
  const upload = { path: name, ...(granted.upload_id == null ? {} : { upload_id: granted.upload_id }) };
  let etags: readonly string[] = [];
  try {
    const parts = planParts(granted, count, partBytes, options);
    etags = await sendParts(parts, options);
    await source.check();
    const sent = parts.map(({ number, grant }, at) => ({ part_number: number, etag: etags[at], url: grant.url.href }));
    const body = { ...upload, parts: sent };
    await rest.run({ method: "POST", path: complete, body, isRepeatable: true, signal: control.signal });
  } catch (error) {
    if (control.signal?.aborted !== true && (await isStored(etags, options))) return true;
    await abortUpload(rest, abort, upload, error);
    throw error;
  }
  return true;
}

/**
 * Whether the file at the storage is the one that the parts make. Only the answer may have been lost; S3 takes the same order twice
 * then, others do not. S3, and what is like it, tags such a file with the sum of the sums of its parts.
 */
async function isStored(etags: readonly string[], options: MultipartUploadOptions): Promise<boolean> {
  const sums = etags.flatMap((etag) => /^"([0-9a-f]{32})"$/.exec(etag)?.[1] ?? []);
  if (etags.length === 0 || sums.length < etags.length) return false;
  const sum = createHash("md5")
    .update(Buffer.from(sums.join(""), "hex"))
    .digest("hex");
  const { signal } = options.control;
  try {
    const file = await presignedFile(options, signal);
    const response = await file.open({ range: "bytes=0-0" }, signal);
    await response.drop();
    return response.headers.etag === `"${sum}-${sums.length}"`;
  } catch {
    return false;
  }
}

async function createUpload(rest: RestClient, path: string, body: object, signal: AbortSignal | undefined) {
  try {
    // A repeat may leave an upload without parts, which holds nothing.
    return await rest.call({ method: "POST", path, body, isRepeatable: true, signal }, created);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED") return undefined;
    throw error;
  }
}

function planParts(
  { credentials }: z.output<typeof created>,
  count: number,
  partBytes: number,
  { rest, source, control }: MultipartUploadOptions,
): Part[] {
  const sorted = credentials.toSorted((a, b) => a.part_number - b.part_number);
  if (sorted.length !== count || sorted.some(({ part_number }, at) => part_number !== at + 1)) {
    const message = `${rest.base} was asked to sign ${count} parts of an upload, and signed others`;
    throw new TidemarkError("DATA_DAMAGED", message);
  }
  return sorted.map(({ part_number: number, url, headers }, at) => {
    const to = Math.min((at + 1) * partBytes, source.sizeBytes);
    return { number, grant: { url, headers }, body: new UploadBody(source, control.onBytes, at * partBytes, to) };
  });
}

/** Sends the parts, some at a time, and answers their tags. The first failure stops the others. */
async function sendParts(parts: readonly Part[], { storage, control }: MultipartUploadOptions): Promise<string[]> {
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency: PARALLEL_PARTS });
  const failure = new AbortController();
  const signal = control.signal === undefined ? failure.signal : AbortSignal.any([control.signal, failure.signal]);
  const etags: string[] = [];
  let firstError: unknown;
  for (const [at, { grant, body }] of parts.entries()) {
    void queue.add(async () => {
      if (signal.aborted) return;
      try {
        const headers = { "content-length": String(body.sizeBytes) };
        const response = await storage.open({ method: "PUT", grant, headers, stream: body.stream, signal });
        etags[at] = response.headers.etag ?? "";
        await response.drop();
      } catch (error) {
        firstError ??= body.reason(error);
        failure.abort();
      }
    });
  }
  // All of them have ended before the upload is given up: a part that comes later would stay.
  await queue.onIdle();
  refuseIfAborted(control.signal);
  if (firstError !== undefined) throw firstError;
  return etags;
}

/** The caller's signal does not count here: it may be the reason. */
async function abortUpload(rest: RestClient, path: string, body: object, reason: unknown): Promise<void> {
  const signal = AbortSignal.timeout(ABORT_TIMEOUT_MS);
  const attempt = await rest.attempt({ method: "POST", path, body, signal });
  if (attempt.status === "ok") return;
  const message = `an upload failed (${messageOf(reason)}), and its parts may still be at the storage of ${rest.base}: ${attempt.error.message}`;
  warnOnce(`abort:${rest.base}`, message);
}
