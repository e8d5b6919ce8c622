import { createHash } from "node:crypto";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import type { UploadSource } from "../disk/upload-source.ts";
import type { S3Client } from "./client.ts";
import { MultipartUpload, type UploadedPart } from "./multipart.ts";
import { inParallel } from "./parallel.ts";

/** Above it objects go up in parts, of which each is repeated by itself. */
export const LARGEST_SINGLE_PUT_BYTES = 16 << 20;
/** Several of them are in memory at once: their checksums go ahead of them. */
const PART_BYTES = 8 << 20;
const PARALLEL_PARTS = 4;
const MOST_PARTS_MEMORY_BYTES = 64 << 20;
/** S3's limit. */
const MOST_PARTS = 10_000;
/** How long a failed upload may wait for the storage to throw its parts away. */
const ABORT_TIMEOUT_MS = 10_000;

/**
 * Writes an object, in parts where it is large. Readers see the old object or the whole new one; what fails leaves nothing behind.
 *
 * @throws {TidemarkError} S3's error; `STORAGE_ERROR` where the bytes change meanwhile; `CANCELLED`
 */
export async function uploadObject(
  client: S3Client,
  key: string,
  source: UploadSource,
  headers: Readonly<Record<string, string>>,
  control: TransferControl,
): Promise<void> {
  if (source.sizeBytes > LARGEST_SINGLE_PUT_BYTES) return await uploadInParts(client, key, source, headers, control);
  const bytes = Buffer.allocUnsafe(source.sizeBytes);
  await source.fill(bytes, 0);
  await source.check();
  await client.put(key, bytes, { headers, ...control });
}

async function uploadInParts(
  client: S3Client,
  key: string,
  source: UploadSource,
  headers: Readonly<Record<string, string>>,
  control: TransferControl,
): Promise<void> {
  const { sizeBytes } = source;
  const { signal, onBytes } = control;
  const upload = await MultipartUpload.create(client.exchange, key, headers, signal);
  let parts: readonly UploadedPart[] = [];
  try {
    const partBytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / MOST_PARTS));
    const free: Buffer[] = [];
    const send = async (at: number, signal: AbortSignal): Promise<UploadedPart> => {
      // Used again: what waits for the garbage collector would be several times as much.
      const buffer = free.pop() ?? Buffer.allocUnsafe(partBytes);
      const bytes = buffer.subarray(0, Math.min(partBytes, sizeBytes - at * partBytes));
      await source.fill(bytes, at * partBytes);
      const part = await upload.send(at + 1, bytes, { signal, onBytes });
      free.push(buffer);
      return part;
    };
    const count = Math.ceil(sizeBytes / partBytes);
    const tasks = Array.from({ length: count }, (_, at) => (signal: AbortSignal) => send(at, signal));
    const concurrency = Math.max(1, Math.min(PARALLEL_PARTS, Math.floor(MOST_PARTS_MEMORY_BYTES / partBytes)));
    const sent = await inParallel(tasks, concurrency, signal);
    await source.check();
    parts = sent;
    await upload.complete(parts, signal);
  } catch (error) {
    if (signal?.aborted !== true && (await isStored(client, key, parts, signal))) return;
    await giveUp(upload, client.bucket, error);
    throw error;
  }
}

/**
 * Whether the object is the one that the parts make: only the answer to its completion may have been lost. S3, and what is like it, tags
 * such an object with the sum of the sums of its parts.
 */
async function isStored(
  client: S3Client,
  key: string,
  parts: readonly UploadedPart[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const sums = parts.flatMap(({ etag }) => /^"?([0-9a-f]{32})"?$/.exec(etag)?.[1] ?? []);
  if (parts.length === 0 || sums.length < parts.length) return false;
  const sum = createHash("md5")
    .update(Buffer.from(sums.join(""), "hex"))
    .digest("hex");
  try {
    const info = await client.find(key, { signal });
    return info?.etag.replaceAll('"', "") === `${sum}-${sums.length}`;
  } catch {
    return false;
  }
}

/** The caller's signal does not count here: it may be the reason. */
async function giveUp(upload: MultipartUpload, bucket: string, reason: unknown): Promise<void> {
  try {
    await upload.abort(AbortSignal.timeout(ABORT_TIMEOUT_MS));
  } catch (error) {
    const message = `an upload failed (${messageOf(reason)}), and its parts may still be in bucket "${bucket}": ${messageOf(error)}`;
    warnOnce(`abort-s3:${bucket}`, message);
  }
}
