import { readEnv } from "../base/env.ts";
import { processSlot } from "../base/process-state.ts";
import type { Client } from "../tracking/client.ts";
import { configuredRegistryUri, type DefaultClient, defaultClient, defaultUri, keptClient } from "./configure.ts";

// A slot of its own: the shape of the tracking client's is known to versions that may be loaded beside this one.
const registryState = () =>
  processSlot<{ client: DefaultClient | undefined }>("fluent-registry", () => ({ client: undefined }));

/**
 * The client of the registry: of the configured registry URI, else of `MLFLOW_REGISTRY_URI`.
 *
 * @param tracking - Where models are when neither says anything. Default: the process's default client.
 */
export async function defaultRegistryClient(tracking: () => Promise<Client> = defaultClient): Promise<Client> {
  const uri = configuredRegistryUri() ?? readEnv("MLFLOW_REGISTRY_URI");
  if (uri === undefined) return await tracking();
  return uri === defaultUri() ? await defaultClient() : await keptClient(registryState(), uri);
}
