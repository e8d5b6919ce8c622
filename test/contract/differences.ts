/** What a backend can and cannot do, because of what it stands on. What is not said is as the defaults are. */
export interface BackendDifferences {
  /** A key cannot be a path that another key is a directory of: such a key is refused at the call. Default false. */
  readonly keysArePaths?: boolean;
  /** There are registered models. Default true. */
  readonly registry?: boolean;
  /** There are logged models. Default true. */
  readonly loggedModels?: boolean;
  /** There is an experiment called "Default" from the start. Default true. */
  readonly defaultExperiment?: boolean;
  /** Who creates an experiment may say where its artifacts are. Default true. */
  readonly artifactLocations?: boolean;
  /**
   * Values keep their bits and their order. False where they are as in MLflow's SQL stores: -0 is 0, the infinities are the largest
   * numbers, and what has one step and one time is ordered by value. Default true.
   */
  readonly exactValues?: boolean;
  /** A page begins where the last one ended, whatever came meanwhile; false where entities are counted. Default true. */
  readonly stablePages?: boolean;
  /** Lists of runs tell which logged models they used and produced. Default true. */
  readonly linksInLists?: boolean;
  /** Logged models are found by their status. Default true. */
  readonly modelStatusFilter?: boolean;
  /** Values can be taken back: the tracking store has `rewind` and `marks`. Default true. */
  readonly rewind?: boolean;
}

/** The same with nothing left unsaid. */
export type Abilities = Required<BackendDifferences>;

export const withDefaults = (differences: BackendDifferences): Abilities => ({
  keysArePaths: false,
  registry: true,
  loggedModels: true,
  defaultExperiment: true,
  artifactLocations: true,
  exactValues: true,
  stablePages: true,
  linksInLists: true,
  modelStatusFilter: true,
  rewind: true,
  ...differences,
});
