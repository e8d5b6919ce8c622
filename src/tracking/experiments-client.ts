import { z } from "zod";
import type { TrackingStore } from "../contract/tracking-store.ts";
import { checkArgument } from "../schema/check.ts";
import {
  type CreateExperiment,
  createExperimentSchema,
  type Experiment,
  experimentIdSchema,
  experimentNameSchema,
} from "../schema/experiment.ts";
import { PagedList } from "./paged-list.ts";

const searchExperimentsSchema = z.strictObject({
  /** Default `"active"`. */
  viewType: z.enum(["active", "deleted", "all"]).default("active"),
  maxResults: z.number().optional(),
  pageToken: z.string().optional(),
});
/** What `client.experiments.search` takes. @interface */
export type SearchExperiments = z.input<typeof searchExperimentsSchema>;

/** `client.experiments` */
export class ExperimentsClient {
  readonly #store: TrackingStore;

  /** @internal */
  constructor(store: TrackingStore) {
    this.#store = store;
  }

  /**
   * Creates an experiment and answers its id.
   *
   * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS`, also where the name belongs to a deleted experiment
   */
  async create(input: CreateExperiment): Promise<string> {
    return await this.#store.createExperiment(checkArgument("experiment", createExperimentSchema, input));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async get(experimentId: string): Promise<Experiment> {
    return await this.#store.getExperiment(checkArgument("experimentId", experimentIdSchema, experimentId));
  }

  /** The experiment with this name, deleted ones included, or `undefined`. */
  async getByName(name: string): Promise<Experiment | undefined> {
    return await this.#store.getExperimentByName(checkArgument("name", experimentNameSchema, name));
  }

  /** Experiments, newest first. */
  search(query: SearchExperiments = {}): PagedList<Experiment> {
    const { viewType, ...paging } = checkArgument("query", searchExperimentsSchema, query);
    return new PagedList((request) => this.#store.listExperiments({ ...request, viewType }), paging);
  }
}
