import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** A request on its way through the proxy. */
export interface Exchange {
  /** Without what is behind the question mark: `/api/2.0/mlflow/runs/create`. */
  readonly path: string;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Begins the same request at the server; the body is still to be written. */
  forward(): ClientRequest;
}

/** What becomes of one request. What it throws cuts both connections. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

/** What becomes of each request. */
export type Script = (exchange: Exchange) => Fault;

/** Stands between a client and a server, and spoils what its script says. A new one spoils nothing. */
export class FaultProxy {
  readonly address: string;
  /** Everything that came, oldest first. */
  readonly paths: string[] = [];
  /** How many requests got something else than the server's answer at full speed. */
  spoiled = 0;
  /** Asked for every request. */
  script: Script = () => pass;
  readonly #port: number;
  readonly #target: URL;
  readonly #keepsHost: boolean;
  readonly #server: Server;
  readonly #arrivals = new Set<() => void>();

  private constructor(server: Server, target: string, keepsHost: boolean) {
    this.#server = server;
    this.#keepsHost = keepsHost;
    this.#target = new URL(target);
    this.#port = (server.address() as AddressInfo).port;
    this.address = `http://127.0.0.1:${this.#port}`;
    server.on("request", (incoming, response) => void this.#handle(incoming, response));
  }

  /**
   * Listens on a free port until the test ends.
   *
   * @param keepsHost - The server is told the proxy's own address, as requests name it whose signature covers it.
   */
  static async start(target: string, keepsHost = false): Promise<FaultProxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new FaultProxy(server, target, keepsHost);
    onTestFinished(() => proxy.refuse());
    return proxy;
  }

  /** Closes the port: connections are cut, new ones refused, until {@link accept}. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async accept(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Settles when a number of requests whose path ends so have come. */
  async seen(pathEnd: string, count = 1): Promise<void> {
    while (this.count(pathEnd) < count) await new Promise<void>((resolve) => this.#arrivals.add(resolve));
  }

  /** How many requests whose path ends so have come. */
  count(pathEnd: string): number {
    return this.paths.filter((path) => path.endsWith(pathEnd)).length;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (incoming.url ?? "").replace(/\?.*/, "");
    this.paths.push(path);
    for (const arrived of this.#arrivals) arrived();
    this.#arrivals.clear();
    const exchange = { path, incoming, response, forward: () => this.#forward(incoming) };
    const fault = this.script(exchange);
    if (fault !== pass) this.spoiled++;
    try {
      await fault(exchange);
    } catch {
      // The server is gone, or the client has given up.
      response.destroy();
    }
  }

  #forward({ method, url, headers }: IncomingMessage): ClientRequest {
    const { hostname, port, host } = this.#target;
    // A connection for each: one that the server has closed meanwhile would be a fault that no script asked for.
    return httpRequest({
      hostname,
      port,
      headers: this.#keepsHost ? headers : { ...headers, host },
      agent: false,
      ...(method === undefined ? {} : { method }),
      ...(url === undefined ? {} : { path: url }),
    });
  }
}

/** The server's answer, as it is. */
export const pass: Fault = async ({ incoming, response, forward }) => {
  const request = forward();
  const [answer] = await Promise.all([answerOf(request), pipeline(incoming, request)]);
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, response);
};

/** No answer. The server never hears of it. */
export const hang: Fault = ({ incoming }) => void incoming.resume();

/** An answer that the server has not given, and never heard of. */
export const answer =
  (
    status: number,
    body: object | string,
    headers: Readonly<Record<string, string>> | (() => Record<string, string>),
  ): Fault =>
  async ({ incoming, response }) => {
    await buffer(incoming);
    response.writeHead(status, typeof headers === "function" ? headers() : headers);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** The server has done its work; the connection is cut before the first byte of its answer. */
export const loseAnswer: Fault = async ({ incoming, response, forward }) => {
  await completeAnswer(incoming, forward());
  response.destroy();
};

/** The server has done its work; half of its answer arrives. */
export const cutAnswer: Fault = async ({ incoming, response, forward }) => {
  const { status, headers, body } = await completeAnswer(incoming, forward());
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
};

/** The connection is cut at once; the request reaches the server later, when the client may have come to its conclusions. */
export const arriveLate =
  (delayMs: number): Fault =>
  async ({ incoming, response, forward }) => {
    const body = await buffer(incoming);
    response.destroy();
    await sleep(delayMs);
    const request = forward();
    request.end(body);
    (await answerOf(request)).resume();
  };

/** The server gets the head and half of the body, and then nothing more. */
export const cutRequest: Fault = async ({ incoming, response, forward }) => {
  const body = await buffer(incoming);
  const request = forward();
  // Nobody listens to a server's opinion of half a request.
  request.on("error", () => {}).on("response", (response) => response.resume());
  request.write(body.subarray(0, body.length >> 1), () => {
    request.destroy();
    response.destroy();
  });
};

/** Everything arrives, slowly in both directions. */
export const throttle =
  (bytesPerSecond: number): Fault =>
  async ({ incoming, response, forward }) => {
    const request = forward();
    const [answer] = await Promise.all([answerOf(request), pipeline(incoming, slow(bytesPerSecond), request)]);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, slow(bytesPerSecond), response);
  };

async function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return answer;
}

async function completeAnswer(incoming: IncomingMessage, request: ClientRequest) {
  const [answer] = await Promise.all([answerOf(request), pipeline(incoming, request)]);
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}

/** A twentieth of a second's bytes at a time. */
function slow(bytesPerSecond: number): Transform {
  const portion = Math.max(1, Math.round(bytesPerSecond / 20));
  return new Transform({
    highWaterMark: portion,
    async transform(chunk: Buffer, _, done) {
      for (let at = 0; at < chunk.length; at += portion) {
        this.push(chunk.subarray(at, at + portion));
        await sleep(50);
      }
      done();
    },
  });
}
