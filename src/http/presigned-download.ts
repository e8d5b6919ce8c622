import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { z } from "zod";
import { TidemarkError } from "../base/errors.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import { type ArtifactLocation, routeOfDownload } from "./artifact-location.ts";
import { Download, type DownloadSource, type FileRange } from "./download.ts";
import type { RestClient } from "./rest-client.ts";
import { grantHeaders, grantUrl, type StorageClient } from "./storage-client.ts";

/** MLflow's answer to `presigned/<path>`, as `PresignedDownloadUrlResponse` in its `entities/presigned_download.py`. */
const signed = z.object({
  url: grantUrl,
  headers: grantHeaders,
  file_size: z.int().nonnegative().nullish(),
});

const PARALLEL_RANGES = 4;
/** A server may say any size: it shall not fill the memory with plans. */
const MOST_RANGES = 10_000;

/** Where a file of a server comes from when the server only signs. */
export interface PresignedFileOptions {
  readonly rest: RestClient;
  readonly storage: StorageClient;
  readonly location: ArtifactLocation;
  /** Below the location. */
  readonly path: string;
}

/**
 * A file that comes from the storage behind a server. A signature that has run out is asked for again.
 *
 * @throws {TidemarkError} the server's error: `NOT_IMPLEMENTED` where it signs no downloads
 */
export async function presignedFile(
  { rest, storage, location, path }: PresignedFileOptions,
  signal: AbortSignal | undefined,
): Promise<DownloadSource> {
  const route = routeOfDownload(location, path);
  const sign = (signal: AbortSignal | undefined) => rest.call({ method: "GET", path: route, signal }, signed);
  let grant = await sign(signal);
  return {
    name: path,
    origin: grant.url,
    maxRetries: rest.maxRetries,
    pause: (...pause) => rest.pause(...pause),
    sizeBytes: grant.file_size ?? undefined,
    open: async (headers, signal) => {
      const used = grant;
      try {
        return await storage.open({ method: "GET", grant: used, headers, signal });
      } catch (error) {
        if (!(error instanceof TidemarkError && error.code === "PERMISSION_DENIED")) throw error;
        // Others that download parts of the same file may have a new one already.
        if (grant === used) grant = await sign(signal);
        return await storage.open({ method: "GET", grant, headers, signal });
      }
    },
  };
}

/**
 * Downloads a file in parts, some at a time, into a local file that is made for it.
 *
 * @throws {TidemarkError} as {@link Download}; `CANCELLED`
 */
export async function downloadInParts(
  source: DownloadSource,
  sizeBytes: number,
  localFile: string,
  partBytes: number,
  control: TransferControl,
): Promise<void> {
  const file = await open(localFile, "wx");
  try {
    const { default: PQueue } = await import("p-queue");
    const queue = new PQueue({ concurrency: PARALLEL_RANGES });
    const failure = new AbortController();
    const signal = control.signal === undefined ? failure.signal : AbortSignal.any([control.signal, failure.signal]);
    const etags = new Set<string | undefined>();
    let firstError: unknown;
    const rangeBytes = Math.max(partBytes, Math.ceil(sizeBytes / MOST_RANGES));
    for (let from = 0; from < sizeBytes; from += rangeBytes) {
      const range = { from, to: Math.min(from + rangeBytes, sizeBytes) };
      void queue.add(async () => {
        if (signal.aborted) return;
        try {
          etags.add(await downloadPart(source, file, range, { ...control, signal }));
          if (etags.size > 1)
            throw new TidemarkError("DATA_DAMAGED", `${source.name} has changed while it was downloaded`);
        } catch (error) {
          firstError ??= error;
          failure.abort();
        }
      });
    }
    await queue.onIdle();
    refuseIfAborted(control.signal);
    if (firstError !== undefined) throw firstError;
  } finally {
    await file.close();
  }
}

async function downloadPart(source: DownloadSource, file: FileHandle, range: FileRange, control: TransferControl) {
  const download = new Download(source, control, range);
  let at = range.from;
  for await (const piece of download.pieces()) {
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await file.write(piece, written, piece.length - written, at);
      written += bytesWritten;
      at += bytesWritten;
    }
  }
  return download.etag;
}
