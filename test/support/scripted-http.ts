import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { SERVER_INFO } from "../../src/http/routes.ts";

/** What the server does with one request. */
export type Answer = (request: Received, response: ServerResponse) => void | Promise<void>;

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that runs until the test ends. */
export interface ScriptedServer {
  readonly url: string;
  /** All but the questions what the server can do. */
  readonly received: Received[];
  /** Those. */
  readonly asked: Received[];
}

/**
 * An HTTP server that answers as it is told, one answer after the other, the last for ever; and remembers what it was asked. It is
 * one of those that say nothing of themselves.
 */
export const scriptedServer = (...answers: readonly Answer[]): Promise<ScriptedServer> =>
  scriptedServerThatSays(say(404, "<html>"), ...answers);

/** The same of a server that is asked what it can do. */
export async function scriptedServerThatSays(info: Answer, ...answers: readonly Answer[]): Promise<ScriptedServer> {
  const received: Received[] = [];
  const asked: Received[] = [];
  const server = createServer(async (incoming, response) => {
    // Whoever asked may be gone before all of it is here: of several parts the first that fails stops the others.
    const bytes = await buffer(incoming).catch(() => undefined);
    if (bytes === undefined) return;
    const body = bytes.toString();
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers, body };
    if (url.endsWith(SERVER_INFO)) {
      asked.push(request);
      await info(request, response);
      return;
    }
    const answer = answers[Math.min(received.push(request), answers.length) - 1];
    await answer?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, asked };
}

/** An answer with a status, a body and headers. */
export const say =
  (status: number, body: object | string = {}, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** An error as MLflow says it. */
export const refuse = (
  status: number,
  code: string,
  message = "no",
  headers?: Readonly<Record<string, string>>,
): Answer => say(status, { error_code: code, message }, headers);

/** No answer: the connection is cut. The request has arrived. */
export const cut: Answer = (_, response) => void response.destroy();

/** Told to come again at once. */
export const AT_ONCE = { "retry-after": "0" } as const;
