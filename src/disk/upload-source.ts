import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { messageOf, systemCodeOf, TidemarkError } from "../base/errors.ts";

const READ_BYTES = 1 << 18;

/** Bytes that go up, of which any part can be read any number of times. */
export interface UploadSource {
  readonly sizeBytes: number;
  /** The bytes from `from` up to `to`, which is not one of them. */
  open(from: number, to: number): AsyncIterable<Uint8Array>;
  /**
   * Fills a buffer with the bytes from `from` on.
   *
   * @throws {TidemarkError} `STORAGE_ERROR`, also where there are not that many
   */
  fill(buffer: Uint8Array, from: number): Promise<void>;
  /** @throws {TidemarkError} `STORAGE_ERROR` where they are not what they were at first */
  check(): Promise<void>;
}

/** @throws {TidemarkError} `STORAGE_ERROR` */
export async function fileSource(localFile: string): Promise<UploadSource> {
  const look = () =>
    stat(localFile).catch((error: unknown) => {
      throw localError(localFile, error);
    });
  const { size, mtimeMs } = await look();
  return {
    sizeBytes: size,
    open: (from, to) => readFileRange(localFile, from, to),
    fill: (buffer, from) => fillFromFile(localFile, buffer, from),
    check: async () => {
      const now = await look();
      if (now.size !== size || now.mtimeMs !== mtimeMs) throw changed(localFile);
    },
  };
}

export const bytesSource = (bytes: Uint8Array): UploadSource => ({
  sizeBytes: bytes.length,
  open: async function* (from, to) {
    for (let at = from; at < to; at += READ_BYTES) yield bytes.subarray(at, Math.min(at + READ_BYTES, to));
  },
  fill: async (buffer, from) => buffer.set(bytes.subarray(from, from + buffer.length)),
  check: async () => {},
});

async function* readFileRange(localFile: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  if (from === to) return;
  let at = from;
  try {
    for await (const piece of createReadStream(localFile, { start: from, end: to - 1, highWaterMark: READ_BYTES })) {
      at += piece.length;
      yield piece;
    }
  } catch (error) {
    throw localError(localFile, error);
  }
  if (at < to) throw changed(localFile);
}

/** Without pieces in between: those of several parts at once would be tens of megabytes. */
async function fillFromFile(localFile: string, buffer: Uint8Array, from: number): Promise<void> {
  let filled = 0;
  try {
    await using file = await open(localFile);
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
  } catch (error) {
    throw localError(localFile, error);
  }
  if (filled < buffer.length) throw changed(localFile);
}

/** What goes up in one request. It is sent as often as it takes, and its bytes are told once. */
export class UploadBody {
  readonly sizeBytes: number;
  readonly #open: () => AsyncIterable<Uint8Array>;
  readonly #onBytes: ((count: number) => void) | undefined;
  #toldBytes = 0;
  #failure: unknown;

  constructor(
    source: UploadSource,
    onBytes: ((count: number) => void) | undefined,
    from = 0,
    to: number = source.sizeBytes,
  ) {
    this.sizeBytes = to - from;
    this.#open = () => source.open(from, to);
    this.#onBytes = onBytes;
  }

  /** The bytes, from the start. */
  readonly stream = (): Readable => Readable.from(this.#pieces(), { objectMode: false });

  /** Why a request failed: for its bytes where they could not be read, else for what the request says. */
  reason(error: unknown): unknown {
    return this.#failure ?? error;
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    let sentBytes = 0;
    try {
      for await (const piece of this.#open()) {
        sentBytes += piece.length;
        if (sentBytes > this.#toldBytes) this.#onBytes?.(sentBytes - this.#toldBytes);
        this.#toldBytes = Math.max(this.#toldBytes, sentBytes);
        yield piece;
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

export function localError(path: string, error: unknown): TidemarkError {
  const code = systemCodeOf(error) === "ENOSPC" ? "STORAGE_FULL" : "STORAGE_ERROR";
  return new TidemarkError(code, `${path}: ${messageOf(error)}`, { cause: error, details: { path } });
}

const changed = (path: string): TidemarkError =>
  new TidemarkError("STORAGE_ERROR", `${path} changed while it was uploaded`, { details: { path } });
