import { canonicalLocation, isWithin, locationBelow } from "../registry/locations.ts";
import type { ModelVersion } from "../schema/model-version.ts";
import { ifThere } from "./experiment-pair.ts";
import type { SyncContext } from "./sync-context.ts";

/**
 * Where a version's files are in the target, by where they are in the source: `runs:/` and `models:/m-…` with the ids of the target,
 * locations below a run or logged model of the source below that of the target. Everything else stays as it is.
 */
export async function sourceInTarget(context: SyncContext, version: ModelVersion): Promise<string> {
  const [, scheme, id = "", rest = ""] = /^(runs|models):\/+([^/]+)(.*)$/.exec(version.source) ?? [];
  if (scheme === "runs") return `runs:/${context.runIds.get(id) ?? id}${rest}`;
  if (scheme === "models" && rest === "") return `models:/${context.modelIds.get(id) ?? id}`;
  if (scheme === "models") return version.source;
  return (await belowModel(context, version)) ?? (await belowRun(context, version)) ?? version.source;
}

async function belowModel({ from, to, modelIds }: SyncContext, version: ModelVersion): Promise<string | undefined> {
  const { modelId, source } = version;
  const there = modelId === undefined ? undefined : modelIds.get(modelId);
  const [store, target] = [from.backend.loggedModels, to.backend.loggedModels];
  if (modelId === undefined || there === undefined || store === undefined || target === undefined) return undefined;
  const own = await ifThere(() => store.get(modelId));
  if (own === undefined || !isWithin(source, own.artifactLocation)) return undefined;
  const copy = await ifThere(() => target.get(there));
  return copy === undefined ? undefined : moved(source, own.artifactLocation, copy.artifactLocation);
}

async function belowRun(
  { from, to, runIds }: SyncContext,
  { runId, source }: ModelVersion,
): Promise<string | undefined> {
  const there = runId === undefined ? undefined : runIds.get(runId);
  if (runId === undefined || there === undefined) return undefined;
  const own = await ifThere(() => from.backend.tracking.getRun(runId));
  if (own === undefined || !isWithin(source, own.artifactUri)) return undefined;
  const copy = await ifThere(() => to.backend.tracking.getRun(there));
  return copy === undefined ? undefined : moved(source, own.artifactUri, copy.artifactUri);
}

/** The same place below another root. A path and a `file:` URI may name one root in two ways. */
function moved(source: string, from: string, to: string): string {
  const below = canonicalLocation(source).slice(canonicalLocation(from).length).replaceAll("\\", "/");
  return locationBelow(to, below.replace(/^\/+/, ""));
}
