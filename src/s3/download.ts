import { type FileHandle, open } from "node:fs/promises";
import { TidemarkError } from "../base/errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import { guardedExchange } from "../net/http-client.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { verifierOf } from "./checksum.ts";
import type { S3Client } from "./client.ts";
import type { ByteRange } from "./object-requests.ts";
import { inParallel } from "./parallel.ts";
import { placeOf } from "./s3-error.ts";

/** Above it an object comes in parts, some at a time. */
const LARGEST_SINGLE_GET_BYTES = 16 << 20;
const PART_BYTES = 8 << 20;
const PARALLEL_PARTS = 4;
/** A storage may say any size: it shall not fill the memory with plans. */
const MOST_PARTS = 10_000;

/** An object on its way here: of one ETag from its first byte to its last. What breaks in the middle goes on where it broke. */
export class Download {
  readonly sizeBytes: number;
  readonly #client: S3Client;
  readonly #key: string;
  readonly #control: TransferControl;
  readonly #etag: string | undefined;
  #first: HttpResponse | undefined;

  private constructor(client: S3Client, key: string, control: TransferControl, first: HttpResponse, sizeBytes: number) {
    this.#client = client;
    this.#key = key;
    this.#control = control;
    this.#first = first;
    this.#etag = first.headers.etag;
    this.sizeBytes = sizeBytes;
  }

  /** Asks for the object, and answers when its size is known. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` and others of S3 */
  static async begin(client: S3Client, key: string, control: TransferControl): Promise<Download> {
    const first = await client.open(key, { signal: control.signal });
    const length = first.headers["content-length"] ?? "";
    const sizeBytes = Number(length);
    if (/^\d+$/.test(length) && Number.isSafeInteger(sizeBytes))
      return new Download(client, key, control, first, sizeBytes);
    await first.drop();
    throw new TidemarkError("DATA_DAMAGED", `the storage does not say how large ${placeOf(client.bucket, key)} is`);
  }

  /**
   * All bytes, in order, compared with the checksum that was kept with them.
   *
   * @throws {TidemarkError} S3's error; `DATA_DAMAGED` where the object changes meanwhile, or is not what its checksum says
   */
  async *pieces(): AsyncGenerator<Buffer> {
    const verifier = verifierOf(this.#first?.headers ?? {});
    for await (const piece of this.#range({ from: 0, to: this.sizeBytes }, this.#control.signal)) {
      verifier?.update(piece);
      yield piece;
    }
    if (verifier?.isRight() === false) throw this.#damaged("has other bytes than its checksum says");
  }

  /** The same into a file that is made for it, in several parts at once where the object is large. */
  async into(localFile: string): Promise<void> {
    try {
      await using file = await open(localFile, "wx");
      if (this.sizeBytes <= LARGEST_SINGLE_GET_BYTES) await writeAt(file, 0, this.pieces());
      else await inParallel(this.#parts(file), PARALLEL_PARTS, this.#control.signal);
    } finally {
      // Where it did not come so far.
      await this.#first?.drop();
    }
  }

  *#parts(file: FileHandle): Generator<(signal: AbortSignal) => Promise<void>> {
    const partBytes = Math.max(PART_BYTES, Math.ceil(this.sizeBytes / MOST_PARTS));
    for (let from = 0; from < this.sizeBytes; from += partBytes) {
      const range = { from, to: Math.min(from + partBytes, this.sizeBytes) };
      yield (signal) => writeAt(file, range.from, this.#range(range, signal));
    }
  }

  /** The bytes of a part. The first one comes with the answer that is there already. */
  async *#range(range: ByteRange, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    const { exchange } = this.#client;
    let at = range.from;
    for (let failures = 0; ; ) {
      const before = at;
      try {
        for await (const piece of this.#receive({ from: at, to: range.to }, signal)) {
          at += piece.length;
          this.#control.onBytes?.(piece.length);
          yield piece;
        }
        if (at === range.to) return;
        throw new TidemarkError("TEMPORARILY_UNAVAILABLE", `${this.#place} was cut after ${at} bytes`);
      } catch (error) {
        const isCut = error instanceof TidemarkError && error.code === "TEMPORARILY_UNAVAILABLE";
        failures = at > before ? 1 : failures + 1;
        if (!isCut || failures > exchange.settings.maxRetries) throw error;
        await exchange.pause(failures, signal);
      }
    }
  }

  async *#receive(range: ByteRange, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    if (range.from === range.to && this.#first === undefined) return;
    const response = await this.#responseFor(range, signal);
    const pieces = response.body[Symbol.asyncIterator]();
    const where = { url: this.#client.exchange.address, signal };
    let left = range.to - range.from;
    try {
      for (;;) {
        const { value, done } = await guardedExchange(where, () => pieces.next());
        if (done === true) return;
        const piece = (value as Buffer).subarray(0, left);
        left -= piece.length;
        if (piece.length > 0) yield piece;
        // The first answer is one to the whole object; others fetch the rest of it.
        if (left === 0 && range.to < this.sizeBytes) return;
        if (left === 0 && piece.length < (value as Buffer).length)
          throw this.#damaged("is longer than it was said to be");
      }
    } finally {
      await pieces.return?.().catch(() => {});
    }
  }

  async #responseFor(range: ByteRange, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const first = range.from === 0 ? this.#first : undefined;
    if (first !== undefined) {
      this.#first = undefined;
      return first;
    }
    let response: HttpResponse;
    try {
      response = await this.#client.open(this.#key, { range, ifMatch: this.#etag, signal });
    } catch (error) {
      const isOther = error instanceof TidemarkError && [412, 416].includes(error.details.httpStatus as number);
      throw isOther ? this.#damaged("has changed while it was downloaded", error) : error;
    }
    const said = /^bytes (\d+)-(\d+)\/(\d+)$/
      .exec(response.headers["content-range"] ?? "")
      ?.slice(1)
      .map(Number);
    const meant = [range.from, range.to - 1, this.sizeBytes];
    if (response.status === 206 && meant.every((number, at) => said?.[at] === number)) return response;
    await response.drop();
    throw this.#damaged("came in another part than was asked for");
  }

  get #place(): string {
    return placeOf(this.#client.bucket, this.#key);
  }

  #damaged(problem: string, cause?: unknown): TidemarkError {
    return new TidemarkError("DATA_DAMAGED", `${this.#place} ${problem}`, { cause });
  }
}

async function writeAt(file: FileHandle, start: number, pieces: AsyncIterable<Buffer>): Promise<void> {
  let at = start;
  for await (const piece of pieces) {
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await file.write(piece, written, piece.length - written, at);
      written += bytesWritten;
      at += bytesWritten;
    }
  }
}
