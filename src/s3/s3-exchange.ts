import { setTimeout as sleep } from "node:timers/promises";
import { warnOnce } from "../base/diagnostics.ts";
import { TidemarkError } from "../base/errors.ts";
import { NETWORK_RETRY, retryDelayMs } from "../base/retry-schedule.ts";
import { guardedExchange, type HttpClient, unanswered } from "../net/http-client.ts";
import type { HttpRequest, HttpResponse } from "../net/http-types.ts";
import { retryAfterMs } from "../net/retryable.ts";
import { type RequestBody, readText, requestBody } from "./bodies.ts";
import { urlOf } from "./bucket-address.ts";
import { type Correction, correctionFor } from "./corrections.ts";
import { isPassing, readRefusal, type S3Refusal, s3Error } from "./s3-error.ts";
import type { S3Settings } from "./s3-settings.ts";
import type { ServerClock } from "./server-clock.ts";
import { type AwsKeys, Signer, sha256Hex, UNSIGNED_PAYLOAD } from "./sigv4.ts";

/** One request to a bucket. */
export interface S3Call {
  readonly method: HttpRequest["method"];
  /** For people: "read", "list". */
  readonly action: string;
  /** What somebody must be allowed for it. */
  readonly permission: string;
  /** Absent for requests to the bucket itself. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Told the bytes of the body as they leave; those of a repeat only once. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a request ended. */
export type Settled<T> =
  | { readonly status: "ok"; readonly value: T; readonly isRepeat: boolean }
  | {
      readonly status: "failed";
      readonly error: TidemarkError;
      /** An earlier try may have done what this one was refused. */
      readonly isRepeat: boolean;
    };

type Attempt<T> =
  | { readonly status: "ok"; readonly value: T }
  | {
      readonly status: "failed";
      readonly error: TidemarkError;
      readonly refusal?: S3Refusal;
      readonly isRetryable: boolean;
      readonly mayHaveArrived: boolean;
      readonly retryAfterMs: number | undefined;
    };

/** An error of S3 is some hundred bytes; what stands between may send a page. */
const LARGEST_REFUSAL_BYTES = 1 << 16;
/** Asks a bucket: signed, repeated while that may help, put right where the storage says what is wrong. */
export class S3Exchange {
  readonly bucket: string;
  readonly #settings: S3Settings;
  readonly #http: HttpClient;
  readonly #clock: ServerClock;
  readonly #signer = new Signer();
  #region: string;

  constructor(settings: S3Settings, http: HttpClient, clock: ServerClock, bucket: string) {
    this.#settings = settings;
    this.#http = http;
    this.#clock = clock;
    this.#region = settings.region;
    this.bucket = bucket;
  }

  /** The bucket's own address, as far as it is known by now. */
  get address(): URL {
    return this.#urlOf(undefined, undefined);
  }

  get settings(): S3Settings {
    return this.#settings;
  }

  /**
   * The answer, read. All requests here may be repeated: doing one twice is doing it once, or is told apart by {@link Settled}.
   *
   * @throws {TidemarkError} S3's error; `TEMPORARILY_UNAVAILABLE` after the last try; `UNAUTHENTICATED`; `CANCELLED`
   */
  async call<T>(call: S3Call, read: (response: HttpResponse) => Promise<T>): Promise<T> {
    const settled = await this.settle(call, read);
    if (settled.status === "ok") return settled.value;
    throw settled.error;
  }

  /** The same for callers to whom it matters whether an earlier try may have done it. */
  async settle<T>(call: S3Call, read: (response: HttpResponse) => Promise<T>): Promise<Settled<T>> {
    const body = requestBody(call.body, call.onBytes);
    let isRepeat = false;
    for (let retry = 1; ; retry++) {
      const attempt = await this.#attempt(call, body, read);
      if (attempt.status === "ok") return { status: "ok", value: attempt.value, isRepeat };
      const { error } = attempt;
      if (!attempt.isRetryable || retry > this.#settings.maxRetries) return { status: "failed", error, isRepeat };
      isRepeat ||= attempt.mayHaveArrived;
      warnOnce(`retry-s3:${error.details.origin ?? this.bucket}`, `${error.message}; trying again`);
      await this.pause(retry, call.signal, attempt.retryAfterMs);
    }
  }

  /** Waits before the n-th repeat. @throws {TidemarkError} `CANCELLED` */
  async pause(retry: number, signal: AbortSignal | undefined, serversWishMs?: number): Promise<void> {
    const delayMs = retryDelayMs(NETWORK_RETRY, retry, serversWishMs);
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new TidemarkError("CANCELLED", `the request to bucket "${this.bucket}" was cancelled`, {
        cause: signal?.reason,
      });
    });
  }

  /** The address of a request that anybody may send until it expires. */
  async presign(
    { method, key, query, headers = {} }: Pick<S3Call, "method" | "key" | "query" | "headers">,
    expiresInSeconds: number,
  ): Promise<URL> {
    const keys = await this.#settings.credentials.keys();
    const url = this.#urlOf(key, query);
    if (keys === undefined) return url;
    const request = { method, url, headers, payloadHash: UNSIGNED_PAYLOAD };
    return this.#signer.signUrl(request, keys, this.#region, this.#clock.now(), expiresInSeconds);
  }

  /** One try, and one more for each thing that could be put right. */
  async #attempt<T>(
    call: S3Call,
    body: RequestBody,
    read: (response: HttpResponse) => Promise<T>,
  ): Promise<Attempt<T>> {
    const corrected = new Set<Correction>();
    for (;;) {
      let keys: AwsKeys | undefined;
      try {
        keys = await this.#settings.credentials.keys();
      } catch (error) {
        return unanswered(error);
      }
      const region = this.#region;
      const attempt = await this.#attemptOnce(call, body, keys, read);
      if (attempt.status === "ok" || attempt.refusal === undefined) return attempt;
      const correction = correctionFor(attempt.refusal, { method: call.method, region }, this.#clock);
      if (correction === undefined || corrected.has(correction)) return attempt;
      if (!this.#correct(correction, attempt.refusal, keys)) return attempt;
      corrected.add(correction);
    }
  }

  #correct(correction: Correction, { headers, region }: S3Refusal, used: AwsKeys | undefined): boolean {
    if (correction === "clock") return this.#clock.follow(headers.date);
    if (correction === "credentials") return this.#settings.credentials.forget(used);
    if (correction === "region") this.#region = region ?? this.#region;
    return true;
  }

  async #attemptOnce<T>(
    call: S3Call,
    body: RequestBody,
    keys: AwsKeys | undefined,
    read: (response: HttpResponse) => Promise<T>,
  ): Promise<Attempt<T>> {
    const { method, key, signal } = call;
    const url = this.#urlOf(key, call.query);
    const where = { url, signal };
    const sent = body.send();
    try {
      const response = await this.#http.send({
        method,
        url,
        headers: { "user-agent": "tidemark", ...this.#headersOf(call, url, keys) },
        ...(sent === undefined ? {} : { body: sent }),
        signal,
      });
      const { status, headers } = response;
      if (status < 300) return { status: "ok", value: await guardedExchange(where, () => read(response)) };
      const text = await guardedExchange(where, () => readText(response, LARGEST_REFUSAL_BYTES));
      const refusal = readRefusal(status, headers, text ?? "");
      const secrets = keys?.sessionToken === undefined ? [] : [keys.sessionToken];
      const deed = { ...call, key, bucket: this.bucket, origin: url.origin };
      return {
        status: "failed",
        error: s3Error(deed, refusal, secrets),
        refusal,
        isRetryable: isPassing(refusal),
        mayHaveArrived: status >= 500 && refusal.word !== "SlowDown",
        retryAfterMs: retryAfterMs(headers, Date.now()),
      };
    } catch (error) {
      return unanswered(error);
    }
  }

  #urlOf(key: string | undefined, query: S3Call["query"]): URL {
    return urlOf({ ...this.#settings, bucket: this.bucket }, this.#region, key, query);
  }

  /** What the call says, what is always said, and the signature over both. */
  #headersOf({ method, headers, body }: S3Call, url: URL, keys: AwsKeys | undefined): Record<string, string> {
    const own = { ...this.#settings.headers, ...headers };
    // Not signed: proxies on the way may see to it themselves.
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    if (keys === undefined) return { ...own, ...length };
    // Where nothing else protects the bytes on their way, the signature does.
    const isProtected = url.protocol === "https:" && body !== undefined && body.length > 0;
    const payloadHash = isProtected ? UNSIGNED_PAYLOAD : sha256Hex(body ?? "");
    const signed = { ...own, "x-amz-content-sha256": payloadHash };
    const request = { method, url, headers: signed, payloadHash };
    return { ...this.#signer.signHeaders(request, keys, this.#region, this.#clock.now()), ...length };
  }
}
