/** Reads some metrics of the machine now, by their names below `system/`. Throws where the platform doesn't tell them. */
export type Reader = () => Record<string, number>;

/** MLflow's megabytes. */
export const MEGABYTE = 1e6;
