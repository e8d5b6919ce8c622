import type { Agent, buildConnector, Dispatcher, Pool, ProxyAgent } from "undici";
import type { HttpClientOptions, HttpRequest, HttpResponse, HttpTransport } from "./http-types.ts";
import { Openings } from "./openings.ts";
import { survivePausedEnd } from "./socket-end.ts";
import { Turns } from "./turns.ts";
import { loadUndici, loadWholeUndici, type UndiciParts } from "./undici-parts.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Enough that a connection rests for 200 ms between requests of 50 ms: then the kernel takes it for an unused one. */
const POOLS_IN_TURNS = 4;

/** Loads what sends over undici's pools. */
export async function openTransport(options: HttpClientOptions): Promise<HttpTransport> {
  return new UndiciTransport(await loadUndici(), options);
}

class UndiciTransport implements HttpTransport {
  readonly #undici: UndiciParts;
  readonly #options: HttpClientOptions;
  readonly #direct: Turns<Agent>;
  readonly #proxies = new Map<string, Promise<ProxyAgent>>();

  constructor(undici: UndiciParts, options: HttpClientOptions) {
    this.#undici = undici;
    this.#options = options;
    const connect = undici.buildConnector({ ...this.#tls(), timeout: CONNECT_TIMEOUT_MS });
    const inTurns = {
      pools: POOLS_IN_TURNS,
      connections: Math.ceil(options.maxConnections / POOLS_IN_TURNS),
      connect: new Openings().spread(connect),
    };
    const { pools, ...reach } = options.rotatesConnections
      ? inTurns
      : { pools: 1, connections: options.maxConnections, connect };
    const openAgent = () => new undici.Agent({ ...this.#poolOptions(), ...reach });
    this.#direct = new Turns(Array.from({ length: pools }, openAgent));
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const proxy = this.#proxyFor(request.url);
    if (proxy !== undefined) return this.#sendOver(await proxy, request);
    const { way, done } = this.#direct.take();
    try {
      const response = await this.#sendOver(way, request);
      response.body.once("close", done);
      return response;
    } catch (error) {
      done();
      throw error;
    }
  }

  async #sendOver(dispatcher: Dispatcher, { method, url, headers, body, signal }: HttpRequest) {
    const {
      statusCode,
      headers: answered,
      body: stream,
    } = await this.#undici.request(dispatcher, {
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
    const proxies = await Promise.allSettled(this.#proxies.values());
    const opened = proxies.flatMap((proxy) => (proxy.status === "fulfilled" ? [proxy.value] : []));
    await Promise.all([...this.#direct.ways, ...opened].map((dispatcher) => dispatcher.destroy()));
  }

  #proxyFor(url: URL): Promise<ProxyAgent> | undefined {
    const uri = this.#options.proxyFor?.(url);
    if (uri === undefined) return undefined;
    let proxy = this.#proxies.get(uri);
    if (proxy === undefined) {
      proxy = this.#openProxy(uri);
      // The next request tries again, and there is nothing to close.
      proxy.catch(() => this.#proxies.delete(uri));
      this.#proxies.set(uri, proxy);
    }
    return proxy;
  }

  async #openProxy(uri: string): Promise<ProxyAgent> {
    const { ProxyAgent } = await loadWholeUndici();
    return new ProxyAgent({ ...this.#poolOptions(), uri, requestTls: this.#tls() });
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
