import { messageOf, systemCodeOf, TidemarkError } from "../base/errors.ts";
import type { HttpClientOptions, HttpRequest, HttpResponse, HttpTransport } from "./http-types.ts";

/** Sends requests over connections that are kept. Loads what it needs with the first one. Nothing is repeated here. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  #transport: Promise<HttpTransport> | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Answers what the server answers, whatever the status.
   *
   * @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE` when there is no answer, {@link wasNeverSent} tells more; `CANCELLED`
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    this.#transport ??= open(this.#options);
    const transport = await this.#transport;
    return await guardedExchange(request, () => transport.send(request));
  }

  async close(): Promise<void> {
    const transport = this.#transport;
    // Runs that are still open connect again.
    this.#transport = undefined;
    await (await transport)?.close();
  }
}

const open = async (options: HttpClientOptions): Promise<HttpTransport> =>
  (await import("./undici-transport.ts")).openTransport(options);

/** Runs a part of an exchange, the reading of a body say, and names what breaks it. */
export async function guardedExchange<T>({ url, signal }: Pick<HttpRequest, "url" | "signal">, part: () => Promise<T>) {
  try {
    if (signal?.aborted === true) throw signal.reason;
    return await part();
  } catch (error) {
    if (signal?.aborted === true) {
      throw new TidemarkError("CANCELLED", `the request to ${url.host} was cancelled`, { cause: signal.reason });
    }
    if (error instanceof TidemarkError) throw error;
    throw networkError(url, error);
  }
}

/** What is known of a request that was not answered. */
export interface Unanswered {
  readonly status: "failed";
  readonly error: TidemarkError;
  readonly isRetryable: boolean;
  /** The server has it, or may have it. */
  readonly mayHaveArrived: boolean;
  readonly retryAfterMs: undefined;
}

/** Reads what {@link HttpClient.send} or {@link guardedExchange} has thrown; what is no trouble of the network is thrown on. */
export function unanswered(error: unknown): Unanswered {
  if (!(error instanceof TidemarkError)) throw error;
  return {
    status: "failed",
    error,
    isRetryable: error.code === "TEMPORARILY_UNAVAILABLE" && !isDistrusted(error),
    mayHaveArrived: !wasNeverSent(error),
    retryAfterMs: undefined,
  };
}

/** True where asking again would not help: somebody has to look at certificates first. */
const isDistrusted = (error: TidemarkError): boolean => error.details.isTrusted === false;

/** True where the server cannot have got the request: repeating it is safe whatever it does. */
export const wasNeverSent = (error: unknown): boolean =>
  error instanceof TidemarkError && error.details.wasSent === false;

// By these a connection fails before anything goes over it.
const UNSENT_CODES = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
const CERTIFICATE_CODES =
  /^(CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|ERR_TLS_CERT_.*|HOSTNAME_MISMATCH)$/;

function networkError(url: URL, cause: unknown): TidemarkError {
  const systemCode = rootCodeOf(cause);
  if (systemCode === "ENOTCAPABLE") return forbidden(url, cause);
  const isCertificate = CERTIFICATE_CODES.test(systemCode ?? "");
  const wasSent = !isCertificate && !UNSENT_CODES.test(systemCode ?? "");
  const reason = isCertificate ? `its certificate is not trusted (${systemCode})` : reasonOf(systemCode, cause);
  return new TidemarkError("TEMPORARILY_UNAVAILABLE", `${url.origin} does not answer: ${reason}`, {
    cause,
    details: {
      origin: url.origin,
      wasSent,
      isTrusted: !isCertificate,
      ...(systemCode === undefined ? {} : { systemCode }),
    },
  });
}

/** Deno says which permission it wants; asking again would not help. */
const forbidden = (url: URL, cause: unknown): TidemarkError =>
  new TidemarkError("PERMISSION_DENIED", `${url.origin} is not asked: ${messageOf(rootOf(cause))}`, {
    cause,
    details: { origin: url.origin, wasSent: false },
  });

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's address cannot be found now",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped",
};

const reasonOf = (systemCode: string | undefined, cause: unknown): string =>
  systemCode === undefined ? messageOf(cause) : `${REASONS[systemCode] ?? messageOf(cause)} (${systemCode})`;

const rootCodeOf = (error: unknown): string | undefined => systemCodeOf(rootOf(error));

/** Connection trouble comes wrapped: in an AggregateError where a host has several addresses. */
function rootOf(error: unknown): unknown {
  const code = systemCodeOf(error);
  if (code !== undefined && code !== "UND_ERR_ABORTED") return error;
  if (error instanceof AggregateError) return rootOf(error.errors[0]);
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}
