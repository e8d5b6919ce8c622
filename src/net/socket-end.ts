import type { Socket } from "node:net";

/** What undici keeps with a socket, as far as it matters here. */
interface Parser {
  paused: boolean;
  readonly ptr: number | null;
  readonly llhttp: { llhttp_resume(parser: number): void };
  resume(): void;
}

/**
 * Keeps the end of a connection from ending the process. Where a server closes it after an answer, and the answer is not read yet to
 * its end, undici 7 throws an `AssertionError` out of the socket's event, which nobody can catch (nodejs/undici#5360, repaired in
 * undici 8 only, which Node 20 cannot run). Its parser has all bytes by then and only waits: it may go on. Must be called before
 * undici gets the socket, so that this listener is the first.
 */
export function survivePausedEnd(socket: Socket): void {
  const goOn = () => {
    const parser = parserOf(socket);
    if (parser?.paused !== true) return;
    try {
      parser.resume();
      // A body that only ends with its connection has stopped it once more.
      if (parser.paused && parser.ptr !== null) parser.llhttp.llhttp_resume(parser.ptr);
    } finally {
      parser.paused = false;
    }
  };
  for (const event of ["end", "error", "close"]) socket.on(event, goOn);
}

function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "parser");
  return key === undefined ? undefined : ((socket as unknown as Record<symbol, Parser | null>)[key] ?? undefined);
}
