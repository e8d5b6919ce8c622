import { createServer } from "node:http";
import { connect, createServer as createSocketServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { guardedExchange, HttpClient, wasNeverSent } from "../../../src/net/http-client.ts";
import type { HttpClientOptions } from "../../../src/net/http-types.ts";
import { proxyOfEnvironment } from "../../../src/net/proxy.ts";
import { isRetryableStatus, retryAfterMs } from "../../../src/net/retryable.ts";
import { freePort } from "../../support/mlflow-server.ts";
import { cut, say, scriptedServer } from "../../support/scripted-http.ts";

function client(options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = new HttpClient({ timeoutMs: 5_000, maxConnections: 4, ...options });
  onTestFinished(() => made.close());
  return made;
}

const get = async (url: string, options: Partial<HttpClientOptions> = {}, signal?: AbortSignal) =>
  await client(options).send({ method: "GET", url: new URL(url), signal });

const failureOf = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );

describe("a request", () => {
  it("is answered, whatever the status", async () => {
    const { url } = await scriptedServer(say(418, "tea", { "x-pot": "brown" }));
    const response = await get(url);
    expect([response.status, response.headers["x-pot"], await response.text()]).toEqual([418, "brown", "tea"]);
  });

  it("that nobody listens for was never sent", async () => {
    const error = await failureOf(get(`http://127.0.0.1:${await freePort()}`));
    expect(error).toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect((error as Error).message).toContain("nothing listens there");
    expect(wasNeverSent(error)).toBe(true);
  });

  it("whose connection is cut may have arrived", async () => {
    const { url } = await scriptedServer(cut);
    const error = await failureOf(get(url));
    expect(error).toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(wasNeverSent(error)).toBe(false);
  });

  it("that is not answered in time may have arrived", async () => {
    const { url } = await scriptedServer(() => {});
    const error = await failureOf(get(url, { timeoutMs: 200 }));
    expect((error as Error).message).toContain("no answer in time");
    expect(wasNeverSent(error)).toBe(false);
  });

  it("stops when it is told to", async () => {
    const { url } = await scriptedServer(() => {});
    const control = new AbortController();
    const attempt = failureOf(get(url, {}, control.signal));
    control.abort();
    expect(await attempt).toMatchObject({ code: "CANCELLED" });
  });

  it.each([
    { rotatesConnections: false, fewest: 1, most: 2 },
    { rotatesConnections: true, fewest: 4, most: 4 },
  ])("comes over $fewest to $most connections when one follows the other, turns: $rotatesConnections", async (row) => {
    const ports = new Set<number | undefined>();
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("ok");
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const http = client({ rotatesConnections: row.rotatesConnections });
    for (let sent = 0; sent < 12; sent++) {
      const response = await http.send({ method: "GET", url: new URL(`http://127.0.0.1:${port}`) });
      await response.text();
    }
    expect(ports.size).toBeGreaterThanOrEqual(row.fewest);
    expect(ports.size).toBeLessThanOrEqual(row.most);
  });

  it("goes through a proxy", async () => {
    const { url, received } = await scriptedServer(say(200, "reached"));
    const seen: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      seen.push(request.url ?? "");
      const [host, port] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    const response = await get(url, { proxyFor: () => `http://127.0.0.1:${port}` });
    expect(await response.text()).toBe("reached");
    expect(seen).toEqual([new URL(url).host]);
    expect(received).toHaveLength(1);
  });
});

describe("an answer that ends with its connection before it is read", () => {
  /** As much as waits for its reader before undici stops reading. */
  const BODY = "x".repeat(64 * 1_024);
  /** Says all it has to say, and hangs up. */
  async function hangingUp(head: string, body = BODY): Promise<string> {
    const server = createSocketServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n${head}\r\n${body}`));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${port}`;
  }

  // Each of these ended the process once: it was an error that nobody could catch.
  it.each<[string, string]>([
    ["by its length", `content-length: ${BODY.length}\r\n`],
    ["by the end", ""],
  ])("is whole where it ends %s", async (_how, head) => {
    const response = await get(await hangingUp(head));
    await sleep(200);
    expect(await response.text()).toBe(BODY);
  });

  it("is an error where something is missing, now or later", async () => {
    const url = await hangingUp(`content-length: ${BODY.length + 1}\r\n`);
    const response = await get(url);
    await sleep(200);
    const read = guardedExchange({ url: new URL(url) }, () => response.text());
    expect(await failureOf(read)).toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
  });

  it("may be left unread", async () => {
    const response = await get(await hangingUp(`content-length: ${BODY.length}\r\n`));
    await sleep(200);
    await response.drop();
  });
});

describe("the proxy of the environment", () => {
  const proxyFor = (url: string, variables: Readonly<Record<string, string>>) =>
    proxyOfEnvironment(new URL(url), (name) => variables[name]);

  it.each<[string, string, Readonly<Record<string, string>>, string | undefined]>([
    ["none", "http://a", {}, undefined],
    ["by scheme", "https://a", { https_proxy: "http://p:1", http_proxy: "http://q:1" }, "http://p:1"],
    ["in capitals", "http://a", { HTTP_PROXY: "http://p:1" }, "http://p:1"],
    ["small letters first", "http://a", { HTTP_PROXY: "http://p:1", http_proxy: "http://q:1" }, "http://q:1"],
    ["for all", "http://a", { all_proxy: "p:1" }, "http://p:1"],
    ["excluded", "http://a.b", { http_proxy: "p:1", no_proxy: "x, a.b" }, undefined],
    ["excluded by its domain", "http://a.b", { http_proxy: "p:1", NO_PROXY: ".b" }, undefined],
    ["not by half a name", "http://cab", { http_proxy: "p:1", no_proxy: "ab" }, "http://p:1"],
    ["excluded by port", "http://a:5000", { http_proxy: "p:1", no_proxy: "a:5000" }, undefined],
    ["not by another port", "http://a:5000", { http_proxy: "p:1", no_proxy: "a:80" }, "http://p:1"],
    ["all excluded", "http://a", { http_proxy: "p:1", no_proxy: "*" }, undefined],
  ])("%s", (_what, url, variables, proxy) => {
    expect(proxyFor(url, variables)).toBe(proxy);
  });
});

describe("what may be tried again", () => {
  it("is what a server may answer otherwise later", () => {
    const statuses = [200, 301, 400, 401, 403, 404, 408, 409, 425, 429, 500, 501, 502, 503, 504];
    expect(statuses.filter(isRetryableStatus)).toEqual([408, 425, 429, 500, 502, 503, 504]);
  });

  it("after the pause it asks for, in seconds or by date", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    const pauses = ["3", " 0.5 ", "Thu, 01 Jan 2026 00:00:10 GMT", "Wed, 31 Dec 2025 00:00:00 GMT", "soon", ""];
    expect(pauses.map((text) => retryAfterMs({ "retry-after": text }, now))).toEqual([
      3_000,
      500,
      10_000,
      0,
      undefined,
      undefined,
    ]);
  });
});
