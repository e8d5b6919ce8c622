import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** What the server does with one request. */
export type Answer = (request: Received, response: ServerResponse) => void | Promise<void>;

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An HTTP server that answers as it is told, one answer after the other, the last for ever; and remembers what it was asked. */
export async function scriptedServer(...answers: readonly Answer[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (incoming, response) => {
    const body = (await buffer(incoming)).toString();
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers, body };
    const answer = answers[Math.min(received.push(request), answers.length) - 1];
    await answer?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
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
