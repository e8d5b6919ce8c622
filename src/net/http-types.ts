import type { Readable } from "node:stream";

/** One request to one server. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length. A stream needs a `content-length` among the headers. */
  readonly body?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status. Its body must be read or dropped: the connection is not free before. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; what came several times is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
  /** Reads the whole body. */
  text(): Promise<string>;
  /** Lets go of the body unread. */
  drop(): Promise<void>;
}

/** How to trust a server, and to be trusted. PEM texts. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Takes any certificate. */
  readonly isInsecure?: boolean | undefined;
}

/** What an `HttpClient` needs to know. */
export interface HttpClientOptions {
  /** The longest silence of the server, in milliseconds. */
  readonly timeoutMs: number;
  /** The most connections to one server. */
  readonly maxConnections: number;
  /**
   * Takes turns over the connections instead of using the same few again and again. For servers that send an answer's head and
   * body apart: on a connection in constant use Linux acknowledges the head 40 ms late, and the body waits for that. Costs the
   * opening of more connections. Default false.
   */
  readonly rotatesConnections?: boolean | undefined;
  readonly tls?: TlsOptions | undefined;
  /** The proxy for a URL; `undefined` where there is none between. */
  readonly proxyFor?: ((url: URL) => string | undefined) | undefined;
}

/** What puts requests on the wire. */
export interface HttpTransport {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}
