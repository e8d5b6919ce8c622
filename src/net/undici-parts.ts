import type { Agent, buildConnector, Dispatcher, Pool, ProxyAgent } from "undici";

/** What of undici puts requests on the wire. */
export interface UndiciParts {
  readonly Agent: typeof Agent;
  readonly Pool: typeof Pool;
  readonly ProxyAgent: typeof ProxyAgent;
  readonly buildConnector: typeof buildConnector;
  readonly request: (dispatcher: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;
}

/**
 * Loads undici's pools and nothing else of it: its caches, mocks and `fetch` take longer to load than all the rest, and the package as a whole
 * takes the place of Node's own dispatcher, which the program's `fetch` goes through.
 */
export async function loadUndici(): Promise<UndiciParts> {
  try {
    const [agent, pool, proxyAgent, connect, api] = await Promise.all([
      import("undici/lib/dispatcher/agent.js"),
      import("undici/lib/dispatcher/pool.js"),
      import("undici/lib/dispatcher/proxy-agent.js"),
      import("undici/lib/core/connect.js"),
      import("undici/lib/api/api-request.js"),
    ]);
    return {
      Agent: agent.default,
      Pool: pool.default,
      ProxyAgent: proxyAgent.default,
      buildConnector: connect.default,
      request: (dispatcher, options) => api.default.call(dispatcher, options),
    };
  } catch {
    // A version that keeps them elsewhere. The package's own name would give a stub in Bun, whose pools answer nothing.
    const { Agent, Pool, ProxyAgent, buildConnector } = await import("undici/index.js");
    return { Agent, Pool, ProxyAgent, buildConnector, request: (dispatcher, options) => dispatcher.request(options) };
  }
}
