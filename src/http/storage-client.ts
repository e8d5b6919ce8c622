import type { Readable } from "node:stream";
import { z } from "zod";
import { type ErrorCode, TidemarkError } from "../base/errors.ts";
import { guardedExchange, type HttpClient, unanswered } from "../net/http-client.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { isRetryableStatus, retryAfterMs } from "../net/retryable.ts";

/** Who decides how long to go on. */
export interface Patience {
  readonly maxRetries: number;
  pause(retry: number, signal: AbortSignal | undefined, serversWishMs?: number): Promise<void>;
}

/** A server's leave to do one thing at the storage behind it. The URL is a secret: who has it may do it. */
export interface Grant {
  readonly url: URL;
  /** What must be sent with the request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One request by a grant. */
export interface StorageRequest {
  readonly method: "GET" | "PUT";
  readonly grant: Grant;
  /** Of the request itself: its length, its range. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the bytes of the body, anew for every try. */
  readonly stream?: () => Readable;
  readonly signal?: AbortSignal | undefined;
}

export const grantUrl = z
  .string()
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), { error: "is no address" })
  .transform((text) => new URL(text));

// These say how a request is framed and where it goes: not for somebody else to decide.
const FRAMING = /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer)$/i;

export const grantHeaders = z
  .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/))
  .nullish()
  .transform((headers) => Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !FRAMING.test(name))));

/** Sends and fetches bytes at a storage, by what a server has signed, and with nothing of what the server is sent. */
export class StorageClient {
  readonly #http: HttpClient;
  readonly #patience: Patience;

  constructor(http: HttpClient, patience: Patience) {
    this.#http = http;
    this.#patience = patience;
  }

  /**
   * The answer with its body unread. Repeats what may be repeated, which is all of it.
   *
   * @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE` after the last try; `PERMISSION_DENIED` where the grant does not count, or no
   *   more; `RESOURCE_DOES_NOT_EXIST`; `CANCELLED`
   */
  async open(request: StorageRequest): Promise<HttpResponse> {
    for (let retry = 1; ; retry++) {
      const outcome = await this.#attempt(request);
      if (!("error" in outcome)) return outcome;
      if (!outcome.isRetryable || retry > this.#patience.maxRetries) throw outcome.error;
      await this.#patience.pause(retry, request.signal, outcome.retryAfterMs);
    }
  }

  async #attempt({ method, grant, headers, stream, signal }: StorageRequest): Promise<HttpResponse | Failure> {
    const { url } = grant;
    try {
      const body = stream?.();
      const response = await this.#http.send({
        method,
        url,
        headers: { ...grant.headers, ...headers },
        ...(body === undefined ? {} : { body }),
        signal,
      });
      if (response.status < 300) return response;
      const code = await guardedExchange({ url, signal }, () => storageCode(response));
      return {
        error: refusal(method, url, response.status, code),
        isRetryable: isRetryableStatus(response.status) || code === "RequestTimeout",
        retryAfterMs: retryAfterMs(response.headers, Date.now()),
      };
    } catch (error) {
      return unanswered(error);
    }
  }
}

interface Failure {
  readonly error: TidemarkError;
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | undefined;
}

const LONGEST_EXPLANATION_BYTES = 4_096;

/** The word by which S3 and those like it say what is wrong. The rest of their answer may repeat the signed URL. */
async function storageCode({ body }: HttpResponse): Promise<string | undefined> {
  let text = "";
  for await (const piece of body) {
    text += String(piece);
    if (text.length >= LONGEST_EXPLANATION_BYTES) break;
  }
  return /<Code>(\w{1,80})<\/Code>/.exec(text)?.[1];
}

function refusal(method: string, url: URL, status: number, storageCode: string | undefined): TidemarkError {
  const code: ErrorCode = isRetryableStatus(status)
    ? "TEMPORARILY_UNAVAILABLE"
    : status === 401 || status === 403
      ? "PERMISSION_DENIED"
      : status === 404
        ? "RESOURCE_DOES_NOT_EXIST"
        : "INTERNAL_ERROR";
  const reason = storageCode === undefined ? `status ${status}` : `${storageCode}, status ${status}`;
  return new TidemarkError(
    code,
    `the storage at ${url.origin} refused a ${method} that the server had signed: ${reason}`,
    {
      details: { httpStatus: status, origin: url.origin },
    },
  );
}
