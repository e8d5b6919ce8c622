import type { Agent, buildConnector, Dispatcher, Pool } from "undici";

/** What of undici puts requests on the wire. */
export interface UndiciParts {
  readonly Agent: typeof Agent;
  readonly Pool: typeof Pool;
  readonly buildConnector: typeof buildConnector;
  readonly request: (dispatcher: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;
}

/**
 * Loads undici's pools and nothing else of it: its caches, mocks and `fetch` take longer to load than all the rest, and the package as a whole
 * takes the place of Node's own dispatcher, which the program's `fetch` goes through.
 */
export async function loadUndici(): Promise<UndiciParts> {
  try {
    const [agent, pool, connect, api] = await Promise.all([
      import("undici/lib/dispatcher/agent.js"),
      import("undici/lib/dispatcher/pool.js"),
      import("undici/lib/core/connect.js"),
      import("undici/lib/api/api-request.js"),
    ]);
    return {
      Agent: agent.default,
      Pool: pool.default,
      buildConnector: connect.default,
      request: (dispatcher, options) => api.default.call(dispatcher, options),
    };
  } catch {
    // A version that keeps them elsewhere.
    const { Agent, Pool, buildConnector } = await loadWholeUndici();
    return { Agent, Pool, buildConnector, request: (dispatcher, options) => dispatcher.request(options) };
  }
}

/** All of it, which proxies need. The package's own name would give a stub in Bun, whose pools answer nothing. */
export const loadWholeUndici = async (): Promise<typeof import("undici")> => await import("undici/index.js");
