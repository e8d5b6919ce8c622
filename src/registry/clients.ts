import { z } from "zod";
import { schemeOf } from "../base/file-uri.ts";
import { defaultClient, defaultRegistryClient } from "../fluent/configure.ts";
import type { Client } from "../tracking/client.ts";

export const clientSchema = z.custom<Client>(
  (value) => typeof value === "object" && value !== null && "backend" in value,
  { error: "is not what connect() answers" },
);

/** What every call here lets its user say of where models are. */
export const clientsShape = {
  /** Where runs, logged models and files are. Default: the configured tracking URI. */
  client: clientSchema.optional(),
  /** Where registered models are. Default: `client` where that is given, else the configured registry URI. */
  registryClient: clientSchema.optional(),
};

/** Where a call looks. */
export interface Clients {
  readonly client: Client;
  readonly registryClient: Client;
}

/** The clients that options name, or the process's own. */
export async function openClients(options: {
  readonly client?: Client | undefined;
  readonly registryClient?: Client | undefined;
}): Promise<Clients> {
  const client = options.client ?? (await defaultClient());
  const registryClient = options.registryClient ?? options.client ?? (await defaultRegistryClient());
  return { client, registryClient };
}

/** Whether two clients see the same models. Every store in memory is one of its own. */
export function isSameBackend(a: Client, b: Client): boolean {
  return a.backend === b.backend || (a.uri === b.uri && schemeOf(a.uri) !== "memory");
}
