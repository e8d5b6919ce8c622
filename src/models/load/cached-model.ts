import { downloadWhole } from "../../registry/download-whole.ts";
import { readMlmodelBytes } from "../../registry/mlmodel.ts";
import type { ResolvedModel } from "../../registry/resolve-model-uri.ts";
import type { TransferWatch } from "../../tracking/artifact-transfers.ts";
import { listFiles } from "../../tracking/stored-files.ts";
import { throwIfAborted } from "./abortable.ts";
import type { ModelCache } from "./model-cache.ts";

/** The local directory of a model that is elsewhere, downloaded unless the cache has it as it is now. */
export async function cachedModel(
  { artifacts }: ResolvedModel,
  cache: ModelCache,
  watch: TransferWatch,
): Promise<string> {
  const [files, mlmodel] = await Promise.all([listFiles(artifacts), readMlmodelBytes(artifacts)]);
  throwIfAborted(watch.signal);
  const state = { location: artifacts.uri, mlmodel, files };
  return await cache.directoryOf(state, (directory) => downloadWhole(artifacts, directory, watch, files));
}
