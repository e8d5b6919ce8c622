import { ownValue, searchableDatasets } from "../../search/entities.ts";
import type { Field } from "../../search/field.ts";
import {
  type ColumnGroup,
  type ColumnName,
  type ColumnPlan,
  fixedGroup,
  isCount,
  isNumber,
  isText,
  isTrue,
  ROW_GROUP,
} from "./chunk/column.ts";
import type { RunHead } from "./run-head.ts";
import { isStoredValue } from "./stored-metric.ts";

const FIELDS = "fields";
const PARAMS = "params";
const TAGS = "tags";
const METRICS = "metrics";

const inRows = (name: string): ColumnName => ({ group: ROW_GROUP, name });
const inFields = (name: string): ColumnName => ({ group: FIELDS, name });

/** What every search for runs looks at. */
export const IS_OPEN = inRows("isOpen");
export const DELETED_IN = inRows("deletedIn");
export const START_TIME = inRows("startTime");
/** And what only some do. */
export const ARTIFACT_URI = inFields("artifactUri");
export const DATASETS = inFields("datasets");

/** Attributes by MLflow's names. */
const ATTRIBUTES: ReadonlyMap<string, ColumnName> = new Map([
  ["run_id", inRows("id")],
  ["run_name", inFields("name")],
  ["status", inFields("status")],
  ["user_id", inFields("userId")],
  ["artifact_uri", ARTIFACT_URI],
  ["start_time", START_TIME],
  ["end_time", inFields("endTime")],
]);

/** A dataset as a column holds it. */
export type StoredDataset = readonly [name: string, digest: string, context: string | null];

const isStoredDataset = (value: unknown): value is StoredDataset => {
  if (!Array.isArray(value)) return false;
  const [name, digest, context] = value as readonly unknown[];
  return isText(name) && isText(digest) && (context === null || isText(context));
};

const datasetsOf = ({ inputs }: RunHead): StoredDataset[] | undefined =>
  inputs.length === 0
    ? undefined
    : searchableDatasets(inputs).map(({ name, digest, context = null }) => [name, digest, context]);

const texts = (of: (head: RunHead) => Readonly<Record<string, string>>): ColumnGroup<RunHead> => ({
  entries: (head) => Object.entries(of(head)),
  value: (head, name) => ownValue(of(head), name),
  isValue: (_, value) => isText(value),
});

/** What an index of runs has by columns: whatever a search can ask for. docs/formats/s3-store.md lists them. */
export const RUN_COLUMNS: ColumnPlan<RunHead> = new Map([
  [
    ROW_GROUP,
    fixedGroup<RunHead>({
      id: { of: ({ id }) => id, isValue: isText },
      rev: { of: ({ rev }) => rev, isValue: isCount },
      startTime: { of: ({ startTime }) => startTime, isValue: isNumber },
      deletedIn: { of: ({ deletedIn }) => deletedIn, isValue: isCount },
      isGone: { of: ({ isGone }) => isGone, isValue: isTrue },
      isOpen: { of: ({ latestMetrics }) => (latestMetrics === undefined ? true : undefined), isValue: isTrue },
    }),
  ],
  [
    FIELDS,
    fixedGroup<RunHead>({
      name: { of: ({ name }) => name, isValue: isText },
      status: { of: ({ status }) => status, isValue: isText },
      userId: { of: ({ userId }) => userId, isValue: isText },
      endTime: { of: ({ endTime }) => endTime, isValue: isNumber },
      artifactUri: { of: ({ artifactUri }) => artifactUri, isValue: isText },
      datasets: { of: datasetsOf, isValue: (value) => Array.isArray(value) && value.every(isStoredDataset) },
    }),
  ],
  [PARAMS, texts(({ params }) => params)],
  [TAGS, texts(({ tags }) => tags)],
  [
    METRICS,
    {
      entries: ({ latestMetrics = [] }) => latestMetrics.map(({ key, value }) => [key, value] as const),
      value: ({ latestMetrics }, name) => latestMetrics?.find(({ key }) => key === name)?.value,
      isValue: (_, value) => isStoredValue(value),
    } satisfies ColumnGroup<RunHead>,
  ],
]);

export const paramColumn = (name: string): ColumnName => ({ group: PARAMS, name });
export const tagColumn = (name: string): ColumnName => ({ group: TAGS, name });
export const metricColumn = (name: string): ColumnName => ({ group: METRICS, name });
/** `undefined` for what is no attribute. */
export const attributeColumn = (name: string): ColumnName | undefined => ATTRIBUTES.get(name);

/** The columns that a search for these fields looks at. */
export const searchedColumns = (fields: readonly Field[]): ColumnName[] => [
  IS_OPEN,
  DELETED_IN,
  ...fields.flatMap((field) => columnOf(field) ?? []),
];

function columnOf({ kind, key }: Field): ColumnName | undefined {
  switch (kind) {
    case "attribute":
      return attributeColumn(key);
    case "metric":
      return metricColumn(key);
    case "param":
      return paramColumn(key);
    case "tag":
      return tagColumn(key);
    case "dataset":
      return DATASETS;
  }
}
