import type { Backend } from "../contract/backend.ts";
import { Client } from "../tracking/client.ts";
import { defaultUri, fluentState } from "./configure.ts";

/** The default client without waiting for it, made by `open` where there is none yet; `undefined` where it has to be waited for. */
export function defaultClientNow(open: (uri: string) => Backend | undefined): Client | undefined {
  const state = fluentState();
  const uri = defaultUri();
  if (state.client?.uri === uri && state.client.ready !== undefined) return state.client.ready;
  const backend = open(uri);
  if (backend === undefined) return undefined;
  const ready = new Client(backend);
  state.client = { uri, promise: Promise.resolve(ready), ready };
  return ready;
}
