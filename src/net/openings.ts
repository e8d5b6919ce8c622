import type { buildConnector } from "undici";

/** Longer than a worker of a server takes to see a new connection, and to begin with the request on it. */
const GAP_MS = 5;

/**
 * Opens connections one after the other, with a gap between them. A server whose workers share a port gives a connection to the first worker that
 * looks: of several that come at once one worker takes all, and answers them one after the other. With a gap the one before is at work by then,
 * and a worker that has nothing to do takes the next.
 */
export class Openings {
  #nextAt = 0;

  spread(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      const now = performance.now();
      const at = Math.max(now, this.#nextAt);
      this.#nextAt = at + GAP_MS;
      if (at === now) connect(options, callback);
      else setTimeout(() => connect(options, callback), at - now);
    };
  }
}
