import type { Experiment } from "../schema/experiment.ts";
import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { RunEntity } from "../schema/run.ts";
import { searchableExperiment, searchableModel, searchableRun, searchableVersion } from "./entities.ts";
import { parseFilter, parseModelFilter } from "./filter.ts";
import { parseOrderBy } from "./order-by.ts";
import { cutPage, isShown, type PageCut } from "./page.ts";
import type { Searchable } from "./searchable.ts";
import {
  EXPERIMENT_VOCABULARY,
  MODEL_VOCABULARY,
  RUN_VOCABULARY,
  VERSION_VOCABULARY,
  type Vocabulary,
} from "./vocabulary.ts";

/** What entities must be like and how they are ordered, in MLflow's grammar. */
export interface Search extends PageCut {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** The same where entities may be in the trash. */
export interface ViewedSearch extends Search {
  readonly viewType: "active" | "deleted" | "all";
}

/** A page of what was found. */
export interface Found<T> {
  readonly items: T[];
  readonly nextPageToken?: string;
}

/**
 * Searches experiments that are in memory.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place in the expression, from 0
 */
export function searchExperiments(experiments: readonly Experiment[], query: ViewedSearch): Found<Experiment> {
  const shown = experiments.filter(({ lifecycleStage }) => isShown(query.viewType, lifecycleStage));
  return search(shown, searchableExperiment, EXPERIMENT_VOCABULARY, query);
}

/**
 * Searches runs that are in memory, whichever experiment they are of.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place in the expression, from 0
 */
export function searchRuns(runs: readonly RunEntity[], query: ViewedSearch): Found<RunEntity> {
  const shown = runs.filter(({ lifecycleStage }) => isShown(query.viewType, lifecycleStage));
  return search(shown, searchableRun, RUN_VOCABULARY, query);
}

/**
 * Searches registered models that are in memory, without prompts unless the filter speaks of them.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place in the expression, from 0
 */
export const searchModels = (models: readonly RegisteredModel[], query: Search): Found<RegisteredModel> =>
  search(models, searchableModel, MODEL_VOCABULARY, query, parseModelFilter);

/**
 * Searches versions that are in memory, without prompts unless the filter speaks of them.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place in the expression, from 0
 */
export const searchVersions = (versions: readonly ModelVersion[], query: Search): Found<ModelVersion> =>
  search(versions, searchableVersion, VERSION_VOCABULARY, query, parseModelFilter);

function search<T>(
  entities: readonly T[],
  searchableOf: (entity: T) => Searchable,
  vocabulary: Vocabulary,
  query: Search,
  parse = parseFilter,
): Found<T> {
  const matches = parse(query.filter, vocabulary);
  const order = parseOrderBy(query.orderBy, vocabulary);
  const found = entities.filter((entity) => matches(searchableOf(entity)));
  return cutPage(found, searchableOf, order, query, (entity) => entity);
}
