/** What the evaluator asks of an entity. Each is asked only for what an expression names, so that it may be read when asked. */
export interface Searchable {
  /** By MLflow's name, one of the vocabulary's. */
  attribute(name: string): string | number | undefined;
  metric?(key: string): number | undefined;
  param?(key: string): string | undefined;
  tag?(key: string): string | undefined;
  datasets?(): Iterable<SearchableDataset>;
}

/** A dataset that a run used. */
export interface SearchableDataset {
  readonly name: string;
  readonly digest: string;
  readonly context?: string | undefined;
}
