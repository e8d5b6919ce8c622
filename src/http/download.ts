import { TidemarkError } from "../base/errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import { guardedExchange } from "../net/http-client.ts";
import type { HttpResponse } from "../net/http-types.ts";
import type { RestClient } from "./rest-client.ts";
import type { Patience } from "./storage-client.ts";

/** Where a file comes from. */
export interface DownloadSource extends Patience {
  /** What messages call the file. */
  readonly name: string;
  readonly origin: URL;
  /** The file's size, where that has been promised. */
  readonly sizeBytes?: number | undefined;
  /** The answer to a GET with its body unread. */
  open(headers: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<HttpResponse>;
}

/** A file that a server hands out itself. */
export const proxiedFile = (rest: RestClient, route: string): DownloadSource => ({
  name: route,
  origin: new URL(rest.base),
  maxRetries: rest.maxRetries,
  pause: (...pause) => rest.pause(...pause),
  open: (headers, signal) => rest.open({ method: "GET", path: route, headers, signal }),
});

/** A part of a file: from the byte `from` up to `to`, which is not one of them. */
export interface FileRange {
  readonly from: number;
  readonly to: number;
}

/** A file, or a part of one, on its way here. What breaks in the middle goes on where it broke, as long as the file is still the same. */
export class Download {
  readonly #source: DownloadSource;
  readonly #control: TransferControl;
  readonly #range: FileRange | undefined;
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #etag: string | undefined;

  constructor(source: DownloadSource, control: TransferControl, range?: FileRange) {
    this.#source = source;
    this.#control = control;
    this.#range = range;
    this.#totalBytes = range === undefined ? source.sizeBytes : range.to - range.from;
  }

  /** The file's tag, when the first bytes have come. */
  get etag(): string | undefined {
    return this.#etag;
  }

  /** @throws {TidemarkError} the server's error; `TEMPORARILY_UNAVAILABLE`; `DATA_DAMAGED` when the file changes meanwhile */
  async *pieces(): AsyncGenerator<Buffer> {
    for (let failures = 0; ; ) {
      const before = this.#receivedBytes;
      const response = await this.#source.open(this.#headers(), this.#control.signal);
      try {
        yield* this.#receive(response);
        if (this.#totalBytes === undefined || this.#receivedBytes === this.#totalBytes) return;
        throw this.#cut();
      } catch (error) {
        const isCut = error instanceof TidemarkError && error.code === "TEMPORARILY_UNAVAILABLE";
        failures = this.#receivedBytes > before ? 1 : failures + 1;
        if (!isCut || failures > this.#source.maxRetries) throw error;
        await this.#source.pause(failures, this.#control.signal);
      }
    }
  }

  #headers(): Record<string, string> {
    if (this.#range === undefined && this.#receivedBytes === 0) return {};
    const { from, to } = this.#range ?? { from: 0, to: undefined };
    const range = `bytes=${from + this.#receivedBytes}-${to === undefined ? "" : to - 1}`;
    return this.#etag === undefined ? { range } : { range, "if-range": this.#etag };
  }

  async *#receive(response: HttpResponse): AsyncGenerator<Buffer> {
    const { status, headers, body } = response;
    const isRest = status === 206;
    try {
      this.#compare(headers, isRest);
    } catch (error) {
      await response.drop();
      throw error;
    }
    // Some storage behind a server sends the whole file, whatever was asked for.
    let known = isRest ? 0 : this.#receivedBytes;
    const pieces = body[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await guardedExchange({ url: this.#source.origin, signal: this.#control.signal }, () =>
        pieces.next(),
      );
      if (done === true) return;
      const piece = value as Buffer;
      const fresh = piece.subarray(Math.min(known, piece.length));
      known -= piece.length - fresh.length;
      if (fresh.length === 0) continue;
      this.#receivedBytes += fresh.length;
      if (this.#receivedBytes > (this.#totalBytes ?? Number.POSITIVE_INFINITY)) throw this.#otherSize("more");
      this.#control.onBytes?.(fresh.length);
      yield fresh;
    }
  }

  /** What comes must be what was promised, and what comes later of the same file: of the same tag, and as long. */
  #compare(headers: HttpResponse["headers"], isRest: boolean): void {
    const isFirst = this.#receivedBytes === 0;
    if (!isFirst && this.#etag !== undefined && headers.etag !== this.#etag) throw this.#changed();
    if (this.#range !== undefined && !isRest)
      throw new TidemarkError(
        "DATA_DAMAGED",
        `${this.#source.origin.origin} does not send parts of ${this.#source.name}`,
      );
    const length = headers["content-encoding"] === undefined ? headers["content-length"] : undefined;
    const totalBytes = length === undefined ? undefined : Number(length) + (isRest ? this.#receivedBytes : 0);
    if (totalBytes !== undefined && this.#totalBytes !== undefined && totalBytes !== this.#totalBytes)
      throw isFirst ? this.#otherSize(totalBytes) : this.#changed();
    if (isFirst) this.#etag = headers.etag;
    this.#totalBytes ??= totalBytes;
  }

  #changed(): TidemarkError {
    return new TidemarkError("DATA_DAMAGED", `${this.#source.name} has changed while it was downloaded`);
  }

  #otherSize(bytes: number | "more"): TidemarkError {
    const message = `${this.#source.name} should have ${this.#totalBytes} bytes, and ${this.#source.origin.origin} sends ${bytes}`;
    return new TidemarkError("DATA_DAMAGED", message);
  }

  #cut(): TidemarkError {
    const { origin, name } = this.#source;
    const message = `${origin.origin} sent ${this.#receivedBytes} of ${this.#totalBytes} bytes of ${name}`;
    return new TidemarkError("TEMPORARILY_UNAVAILABLE", message);
  }
}
