import { z } from "zod";
import { invalidArgument, systemCodeOf } from "../../base/errors.ts";
import { refuseIfAborted } from "../../base/store-errors.ts";
import { storageError } from "../../disk/storage-errors.ts";
import type { TransferProgress } from "../../tracking/artifact-transfers.ts";

/** Read, deflated, inflated and written at once. Little enough that the event loop turns every few milliseconds. */
export const PIECE_BYTES = 128 * 2 ** 10;

/** Schemas of what every call over an archive takes. */
export const watchFields = {
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, "expected an AbortSignal").optional(),
  onProgress: z
    .custom<(progress: TransferProgress) => void>((value) => typeof value === "function", "expected a function")
    .optional(),
};

export function checkPath(argument: string, path: unknown): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw invalidArgument(argument, path, "a path");
}

/** What a failed call throws: the system's errors get a code, and what a callback of the caller has thrown stays what it is. */
export function codedError(action: string, path: string, error: unknown): unknown {
  return systemCodeOf(error) === undefined ? error : storageError(action, path, error);
}

/** Tells of the bytes of files that are done, and stops where that is asked for. */
export class ArchiveWatch {
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: TransferProgress) => void) | undefined;
  readonly #totalBytes: number;
  #transferredBytes = 0;

  constructor(
    totalBytes: number,
    watch: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
    },
  ) {
    this.#totalBytes = totalBytes;
    this.#signal = watch.signal;
    this.#onProgress = watch.onProgress;
  }

  /** @throws {TidemarkError} `CANCELLED` */
  check(): void {
    refuseIfAborted(this.#signal);
  }

  advance(file: string, bytes: number): void {
    this.#transferredBytes += bytes;
    this.#onProgress?.({ transferredBytes: this.#transferredBytes, totalBytes: this.#totalBytes, file });
    this.check();
  }
}
