import { invalidArgument } from "../base/errors.ts";
import type { LoggedModel, ModelMetric } from "../schema/model.ts";
import { loggedModelAttribute, ownValue } from "./entities.ts";
import { parseFilter } from "./filter.ts";
import { parseOrderBy, type SortKey } from "./order-by.ts";
import { cutPage, type PageCut } from "./page.ts";
import type { Searchable } from "./searchable.ts";
import { LOGGED_MODEL_VOCABULARY } from "./vocabulary.ts";

/** A dataset as a search names it. */
export interface WantedDataset {
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
}

/** What a search for logged models asks for. */
export interface LoggedModelSearch extends PageCut {
  readonly filter?: string;
  readonly datasets?: readonly WantedDataset[];
  readonly orderBy?: readonly (WantedDataset & { readonly fieldName: string; readonly ascending?: boolean })[];
}

/**
 * Finds logged models. Unlike runs they are ordered by fields in objects, and their metrics belong to datasets.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function searchLoggedModels(
  models: readonly LoggedModel[],
  query: LoggedModelSearch,
): { items: LoggedModel[]; nextPageToken?: string } {
  const { filter, datasets = [], orderBy = [] } = query;
  const matches = parseFilter(filter, LOGGED_MODEL_VOCABULARY);
  const order = [...orderBy.map(sortKey), ...parseOrderBy([], LOGGED_MODEL_VOCABULARY)];
  const isMeasured = (metric: ModelMetric) => datasets.length === 0 || datasets.some((each) => isOn(metric, each));
  const isEnough = datasets.length === 0 || matches.fields.some(({ kind }) => kind === "metric");
  const found = models.filter(
    (model) => matches(searchableLoggedModel(model, isMeasured)) && (isEnough || model.metrics.some(isMeasured)),
  );
  return cutPage(found, plain, order, query, (model) => model);
}

const isOn = (metric: ModelMetric, { datasetName, datasetDigest }: WantedDataset): boolean =>
  metric.datasetName === datasetName && (datasetDigest === undefined || metric.datasetDigest === datasetDigest);

function searchableLoggedModel(
  model: LoggedModel,
  isMeasured: (metric: ModelMetric) => boolean,
): SearchableLoggedModel {
  return {
    model,
    attribute: (name) => loggedModelAttribute(model, name),
    metric: (key) => model.metrics.find((metric) => metric.key === key && isMeasured(metric))?.value,
    param: (key) => ownValue(model.params, key),
    tag: (key) => ownValue(model.tags, key),
  };
}

interface SearchableLoggedModel extends Searchable {
  readonly model: LoggedModel;
}

const plain = (model: LoggedModel): SearchableLoggedModel => searchableLoggedModel(model, () => true);

const METRICS = "metrics.";

/** The latest value of a metric counts, on the datasets that are named. */
function sortKey(
  order: WantedDataset & { readonly fieldName: string; readonly ascending?: boolean },
  index: number,
): SortKey {
  const { fieldName, ascending: isAscending = true, datasetName, datasetDigest } = order;
  if (datasetDigest !== undefined && datasetName === undefined) {
    throw invalidArgument(`orderBy.${index}.datasetDigest`, datasetDigest, "a datasetName beside it");
  }
  if (fieldName.startsWith(METRICS)) {
    const key = fieldName.slice(METRICS.length);
    const counts = (metric: ModelMetric) =>
      metric.key === key && (datasetName === undefined || isOn(metric, { datasetName, datasetDigest }));
    return { isAscending, read: (entity) => latest((entity as SearchableLoggedModel).model.metrics.filter(counts)) };
  }
  const words = LOGGED_MODEL_VOCABULARY.attributes.get(fieldName);
  if (words !== undefined) return { isAscending, read: (entity) => entity.attribute(words.name) };
  const known = [...LOGGED_MODEL_VOCABULARY.attributes.keys()].join(", ");
  throw invalidArgument(`orderBy.${index}.fieldName`, fieldName, `metrics.<key> or one of ${known}`);
}

const latest = (metrics: readonly ModelMetric[]): number | undefined =>
  metrics.reduce<ModelMetric | undefined>(
    (newest, metric) => (newest === undefined || metric.timestamp > newest.timestamp ? metric : newest),
    undefined,
  )?.value;
