/** What a name in an expression stands for. */
export type FieldKind = "attribute" | "metric" | "param" | "tag" | "dataset";

/** An attribute that can be searched for or ordered by. */
export interface AttributeWords {
  /** As a {@link Searchable} knows it. */
  readonly name: string;
  readonly type: "text" | "number";
  /** Numbers may stand in quotes. */
  readonly mayBeQuoted?: boolean;
  /** May be compared with a list. */
  readonly takesList?: boolean;
  /** What it is good for, where not for both. */
  readonly only?: "filter" | "orderBy";
}

/** The words of MLflow's search grammar for one kind of entity (mlflow/utils/search_utils.py). */
export interface Vocabulary {
  /** For messages. */
  readonly entity: string;
  /** What stands before the dot. A name without one is an attribute. */
  readonly prefixes: ReadonlyMap<string, FieldKind>;
  readonly attributes: ReadonlyMap<string, AttributeWords>;
  /** What can be asked for IS NULL. */
  readonly nullTests: ReadonlySet<FieldKind>;
  readonly orders: ReadonlySet<FieldKind>;
  /** The order where nobody asks for one. */
  readonly defaultOrder: readonly string[];
  /** What decides where the order asked for leaves entities equal. */
  readonly ties: readonly string[];
}

const prefixes = (words: Readonly<Partial<Record<FieldKind, readonly string[]>>>): ReadonlyMap<string, FieldKind> =>
  new Map(
    Object.entries(words).flatMap(([kind, names]) =>
      names.map((name): [string, FieldKind] => [name, kind as FieldKind]),
    ),
  );

type AttributeList = Readonly<Record<string, Omit<AttributeWords, "name"> & { readonly name?: string }>>;

const attributes = (list: AttributeList): ReadonlyMap<string, AttributeWords> =>
  new Map(Object.entries(list).map(([word, words]) => [word, { name: word, ...words }]));

const TEXT = { type: "text" } as const;
const LISTED = { type: "text", takesList: true } as const;
const NUMBER = { type: "number" } as const;
const ORDERS = { type: "number", only: "orderBy" } as const;

const RUN_PREFIXES = {
  attribute: ["attribute", "attributes", "attr", "run"],
  metric: ["metric", "metrics"],
  param: ["parameter", "parameters", "param", "params"],
  tag: ["tag", "tags"],
} as const;

export const RUN_VOCABULARY: Vocabulary = {
  entity: "runs",
  prefixes: prefixes({ ...RUN_PREFIXES, dataset: ["dataset", "datasets"] }),
  attributes: attributes({
    run_id: LISTED,
    run_name: TEXT,
    "run name": { ...TEXT, name: "run_name" },
    "Run name": { ...TEXT, name: "run_name" },
    "Run Name": { ...TEXT, name: "run_name" },
    status: TEXT,
    user_id: TEXT,
    artifact_uri: TEXT,
    start_time: NUMBER,
    created: { ...NUMBER, name: "start_time" },
    Created: { ...NUMBER, name: "start_time" },
    end_time: NUMBER,
  }),
  nullTests: new Set<FieldKind>(["param", "tag"]),
  orders: new Set<FieldKind>(["attribute", "metric", "param", "tag"]),
  defaultOrder: [],
  ties: ["start_time DESC", "run_id ASC"],
};

const PLAIN_PREFIXES = prefixes({ attribute: ["attribute"], tag: ["tag", "tags"] });
const ONLY_ATTRIBUTES = new Set<FieldKind>(["attribute"]);

export const EXPERIMENT_VOCABULARY: Vocabulary = {
  entity: "experiments",
  prefixes: PLAIN_PREFIXES,
  attributes: attributes({ name: TEXT, experiment_id: LISTED, creation_time: NUMBER, last_update_time: NUMBER }),
  nullTests: new Set<FieldKind>(["tag"]),
  orders: ONLY_ATTRIBUTES,
  defaultOrder: ["creation_time DESC", "experiment_id ASC"],
  ties: ["experiment_id DESC"],
};

export const MODEL_VOCABULARY: Vocabulary = {
  entity: "registered models",
  prefixes: PLAIN_PREFIXES,
  attributes: attributes({ name: LISTED, creation_timestamp: ORDERS, last_updated_timestamp: ORDERS }),
  nullTests: new Set(),
  orders: ONLY_ATTRIBUTES,
  defaultOrder: [],
  ties: ["name ASC"],
};

export const VERSION_VOCABULARY: Vocabulary = {
  entity: "model versions",
  prefixes: PLAIN_PREFIXES,
  attributes: attributes({
    name: LISTED,
    run_id: { ...LISTED, only: "filter" },
    source_path: { ...TEXT, only: "filter" },
    version_number: { ...NUMBER, mayBeQuoted: true },
    creation_timestamp: ORDERS,
    last_updated_timestamp: ORDERS,
  }),
  nullTests: new Set(),
  orders: ONLY_ATTRIBUTES,
  defaultOrder: ["last_updated_timestamp DESC", "name ASC", "version_number DESC"],
  ties: ["name ASC", "version_number DESC"],
};

export const LOGGED_MODEL_VOCABULARY: Vocabulary = {
  entity: "logged models",
  prefixes: prefixes(RUN_PREFIXES),
  attributes: attributes({
    name: LISTED,
    model_id: LISTED,
    model_type: LISTED,
    status: LISTED,
    source_run_id: LISTED,
    creation_timestamp: NUMBER,
    creation_time: { ...NUMBER, name: "creation_timestamp" },
    last_updated_timestamp: NUMBER,
    last_updated_time: { ...NUMBER, name: "last_updated_timestamp" },
  }),
  nullTests: new Set(),
  orders: new Set<FieldKind>(["attribute", "metric"]),
  defaultOrder: [],
  ties: ["creation_timestamp DESC", "model_id ASC"],
};
