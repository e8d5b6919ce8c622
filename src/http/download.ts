import { TidemarkError } from "../base/errors.ts";
import type { TransferControl } from "../contract/artifact-store.ts";
import { guardedExchange } from "../net/http-client.ts";
import type { HttpResponse } from "../net/http-types.ts";
import type { RestClient } from "./rest-client.ts";

/** One file on its way here. What breaks in the middle goes on where it broke, as long as the file is still the same. */
export class Download {
  readonly #rest: RestClient;
  readonly #route: string;
  readonly #control: TransferControl;
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #etag: string | undefined;

  constructor(rest: RestClient, route: string, control: TransferControl) {
    this.#rest = rest;
    this.#route = route;
    this.#control = control;
  }

  /** @throws {TidemarkError} the server's error; `TEMPORARILY_UNAVAILABLE`; `DATA_DAMAGED` when the file changes meanwhile */
  async *pieces(): AsyncGenerator<Buffer> {
    for (let failures = 0; ; ) {
      const before = this.#receivedBytes;
      const response = await this.#rest.open({
        method: "GET",
        path: this.#route,
        headers: this.#rangeHeaders(),
        signal: this.#control.signal,
      });
      try {
        yield* this.#receive(response);
        if (this.#totalBytes === undefined || this.#receivedBytes === this.#totalBytes) return;
        throw this.#cut();
      } catch (error) {
        const isCut = error instanceof TidemarkError && error.code === "TEMPORARILY_UNAVAILABLE";
        failures = this.#receivedBytes > before ? 1 : failures + 1;
        if (!isCut || failures > this.#rest.maxRetries) throw error;
        await this.#rest.pause(failures, this.#control.signal);
      }
    }
  }

  #rangeHeaders(): Record<string, string> {
    if (this.#receivedBytes === 0) return {};
    const range = `bytes=${this.#receivedBytes}-`;
    return this.#etag === undefined ? { range } : { range, "if-range": this.#etag };
  }

  async *#receive({ status, headers, body }: HttpResponse): AsyncGenerator<Buffer> {
    const isRest = status === 206;
    this.#compare(headers, isRest);
    // Some storage behind a server sends the whole file, whatever was asked for.
    let known = isRest ? 0 : this.#receivedBytes;
    const pieces = body[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await guardedExchange(
        { url: new URL(this.#rest.base), signal: this.#control.signal },
        () => pieces.next(),
      );
      if (done === true) return;
      const piece = value as Buffer;
      const fresh = piece.subarray(Math.min(known, piece.length));
      known -= piece.length - fresh.length;
      if (fresh.length === 0) continue;
      this.#receivedBytes += fresh.length;
      this.#control.onBytes?.(fresh.length);
      yield fresh;
    }
  }

  /** What comes later must be of the same file: of the same tag, and as long. */
  #compare(headers: HttpResponse["headers"], isRest: boolean): void {
    const length = headers["content-encoding"] === undefined ? headers["content-length"] : undefined;
    const totalBytes = length === undefined ? undefined : Number(length) + (isRest ? this.#receivedBytes : 0);
    if (this.#receivedBytes === 0) {
      this.#etag = headers.etag;
      this.#totalBytes = totalBytes;
      return;
    }
    const isSameTag = this.#etag === undefined || headers.etag === this.#etag;
    const isSameLength = totalBytes === undefined || this.#totalBytes === undefined || totalBytes === this.#totalBytes;
    if (isSameTag && isSameLength) return;
    throw new TidemarkError("DATA_DAMAGED", `${this.#route} has changed while it was downloaded`);
  }

  #cut(): TidemarkError {
    const message = `${this.#rest.base} sent ${this.#receivedBytes} of ${this.#totalBytes} bytes of ${this.#route}`;
    return new TidemarkError("TEMPORARILY_UNAVAILABLE", message);
  }
}
