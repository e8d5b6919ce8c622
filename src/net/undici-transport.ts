import type { Agent, buildConnector, Dispatcher, Pool, ProxyAgent } from "undici";
import type { HttpClientOptions, HttpRequest, HttpResponse, HttpTransport } from "./http-types.ts";
import { survivePausedEnd } from "./socket-end.ts";

const CONNECT_TIMEOUT_MS = 10_000;

type Undici = typeof import("undici");

/** Loads undici, which costs a third of a second, and answers what sends over its pools. */
export async function openTransport(options: HttpClientOptions): Promise<HttpTransport> {
  // The package's own name would give a stub in Bun, whose pools answer nothing.
  return new UndiciTransport(await import("undici/index.js"), options);
}

class UndiciTransport implements HttpTransport {
  readonly #undici: Undici;
  readonly #options: HttpClientOptions;
  readonly #direct: Agent;
  readonly #proxies = new Map<string, ProxyAgent>();

  constructor(undici: Undici, options: HttpClientOptions) {
    this.#undici = undici;
    this.#options = options;
    this.#direct = new undici.Agent({
      ...this.#poolOptions(),
      connect: undici.buildConnector({ ...this.#tls(), timeout: CONNECT_TIMEOUT_MS }),
    });
  }

  async send({ method, url, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const {
      statusCode,
      headers: answered,
      body: stream,
    } = await this.#dispatcherFor(url).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: headers ?? null,
      body: body ?? null,
      ...(signal === undefined ? {} : { signal }),
    });
    return {
      status: statusCode,
      headers: joined(answered),
      body: stream,
      text: () => stream.text(),
      drop: () => stream.dump(),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct, ...this.#proxies.values()].map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcherFor(url: URL): Dispatcher {
    const uri = this.#options.proxyFor?.(url);
    if (uri === undefined) return this.#direct;
    let proxy = this.#proxies.get(uri);
    if (proxy === undefined) {
      proxy = new this.#undici.ProxyAgent({ ...this.#poolOptions(), uri, requestTls: this.#tls() });
      this.#proxies.set(uri, proxy);
    }
    return proxy;
  }

  #poolOptions() {
    const { timeoutMs, maxConnections } = this.#options;
    const factory = (origin: string | URL, options: Pool.Options & { connect: buildConnector.connector }) =>
      new this.#undici.Pool(origin, { ...options, connect: guarded(options.connect) });
    return { connections: maxConnections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, factory };
  }

  #tls() {
    const { ca, cert, key, isInsecure } = this.#options.tls ?? {};
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(isInsecure === true ? { rejectUnauthorized: false } : {}),
    };
  }
}

const guarded =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, callback) =>
    connect(options, (...answer) => {
      const [error, socket] = answer;
      if (error === null) survivePausedEnd(socket);
      callback(...answer);
    });

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) texts[name] = typeof value === "string" ? value : value.join(", ");
  }
  return texts;
}
