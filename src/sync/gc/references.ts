import type { Backend } from "../../contract/backend.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import type { Page, TrackingStore, ViewType } from "../../contract/tracking-store.ts";
import { PARENT_RUN_TAG } from "../../schema/known-tags.ts";
import type { RunEntity } from "../../schema/run.ts";

const PAGE_SIZE = 1_000;

/** Somebody who needs what has one of these ids. */
export interface Reference {
  /** Who, for people. */
  readonly by: string;
  /** The run or model that needs it; absent for what stays in any case. */
  readonly from?: string;
  readonly to: readonly string[];
}

/** What is asked for: which ids may be referred to at all. */
export type Candidates = ReadonlySet<string>;

/** All references of runs, logged models and registries to candidates, in no order. */
export async function* references(
  { tracking, loggedModels, registry }: Backend,
  candidates: Candidates,
  otherRegistries: readonly RegistryStore[],
): AsyncGenerator<Reference> {
  const experimentIds: string[] = [];
  for (const viewType of ["active", "deleted"] as const)
    for await (const { id } of pages((page) => tracking.searchExperiments({ ...page, viewType })))
      experimentIds.push(id);
  for (const experimentId of experimentIds) {
    for await (const run of runsOf(tracking, experimentId)) yield ofRun(run, candidates);
    if (loggedModels === undefined) continue;
    for await (const model of pages((page) => loggedModels.search({ ...page, experimentIds: [experimentId] }))) {
      const to = [model.sourceRunId ?? "", experimentId].filter((id) => candidates.has(id));
      yield { by: `logged model ${model.id}`, from: model.id, to };
    }
  }
  for (const store of registry === undefined ? otherRegistries : [registry, ...otherRegistries])
    yield* ofVersions(store, candidates);
}

const runsOf = (tracking: TrackingStore, experimentId: string) =>
  pages((page) => tracking.searchRuns({ ...page, experimentIds: [experimentId], viewType: "all" satisfies ViewType }));

function ofRun(
  { id, name, experimentId, tags, modelInputs, modelOutputs, inputs }: RunEntity,
  candidates: Candidates,
): Reference {
  const models = [...modelInputs, ...modelOutputs].map(({ modelId }) => modelId);
  const datasets = inputs.flatMap(({ dataset }) => idsIn(dataset.source, candidates));
  const all = [
    experimentId,
    ...(tags[PARENT_RUN_TAG] === undefined ? [] : [tags[PARENT_RUN_TAG]]),
    ...models,
    ...datasets,
  ];
  return { by: `run ${id} (${name})`, from: id, to: all.filter((to) => to !== id && candidates.has(to)) };
}

async function* ofVersions(registry: RegistryStore, candidates: Candidates): AsyncGenerator<Reference> {
  for await (const version of pages((page) => registry.searchVersions(page))) {
    const { name, version: number, source, runId = "", modelId = "" } = version;
    // Of a copy of another version, where the files are.
    const location = source.startsWith("models:")
      ? await registry.downloadUri({ name, version: number }).catch(() => "")
      : "";
    const ids = [runId, modelId].filter((id) => candidates.has(id));
    yield {
      by: `version ${number} of model ${JSON.stringify(name)}`,
      to: [...ids, ...idsIn(source, candidates), ...idsIn(location, candidates)],
    };
  }
}

/** Ids that a URI, or a text with one in it, names. Rather one too many: then something stays that could have gone. */
function idsIn(text: string, candidates: Candidates): string[] {
  return (text.match(/[A-Za-z0-9][\w-]*/g) ?? []).filter((word) => candidates.has(word));
}

async function* pages<T>(fetch: (request: { maxResults: number; pageToken?: string }) => Promise<Page<T>>) {
  for (let pageToken: string | undefined; ; ) {
    const page = await fetch({ maxResults: PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) });
    yield* page.items;
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return;
  }
}
