import { z } from "zod";
import type { TrackingStore } from "../contract/tracking-store.ts";
import { checkArgument } from "../schema/check.ts";
import {
  type CreateExperiment,
  createExperimentSchema,
  type Experiment,
  experimentIdSchema,
  experimentNameSchema,
  experimentTagSchema,
} from "../schema/experiment.ts";
import { keyOf } from "../schema/text.ts";
import { defined } from "./defined.ts";
import { PagedList } from "./paged-list.ts";

const searchExperimentsSchema = z.strictObject({
  /** MLflow's grammar: `name LIKE 'digits%' AND tags.team = 'vision'`. */
  filter: z.string().optional(),
  /** `"last_update_time DESC"`. Default: newest first. */
  orderBy: z.array(z.string()).optional(),
  /** Default `"active"`. */
  viewType: z.enum(["active", "deleted", "all"]).default("active"),
  maxResults: z.number().optional(),
  pageToken: z.string().optional(),
});
/** What `client.experiments.search` takes. @interface */
export type SearchExperiments = z.input<typeof searchExperimentsSchema>;

const updateExperimentSchema = z.strictObject({ experimentId: experimentIdSchema, name: experimentNameSchema });
/** What `client.experiments.update` takes. @interface */
export type UpdateExperiment = z.input<typeof updateExperimentSchema>;

const setTagSchema = z.strictObject({ experimentId: experimentIdSchema, ...experimentTagSchema.shape });
const deleteTagSchema = z.strictObject({ experimentId: experimentIdSchema, key: keyOf("tag") });

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

  /**
   * Experiments that match.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, when the first page is asked for; it says where in the filter or order
   */
  search(query: SearchExperiments = {}): PagedList<Experiment> {
    const { maxResults, pageToken, ...what } = checkArgument("query", searchExperimentsSchema, query);
    return new PagedList((request) => this.#store.searchExperiments({ ...request, ...defined(what) }), {
      maxResults,
      pageToken,
    });
  }

  /**
   * Gives an experiment another name.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `RESOURCE_ALREADY_EXISTS`, `INVALID_STATE` where it is deleted
   */
  async update(input: UpdateExperiment): Promise<void> {
    const { experimentId, name } = checkArgument("update", updateExperimentSchema, input);
    await this.#store.renameExperiment(experimentId, name);
  }

  /** Moves an experiment to the trash, with its runs. */
  async delete(experimentId: string): Promise<void> {
    await this.#store.deleteExperiment(checkArgument("experimentId", experimentIdSchema, experimentId));
  }

  /** Brings a deleted experiment back, with its runs. */
  async restore(experimentId: string): Promise<void> {
    await this.#store.restoreExperiment(checkArgument("experimentId", experimentIdSchema, experimentId));
  }

  /** Sets one tag; the last value wins. */
  async setTag(input: { experimentId: string; key: string; value: string }): Promise<void> {
    const { experimentId, ...tag } = checkArgument("tag", setTagSchema, input);
    await this.#store.setExperimentTag(experimentId, tag);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where the experiment has no such tag */
  async deleteTag(input: { experimentId: string; key: string }): Promise<void> {
    const { experimentId, key } = checkArgument("tag", deleteTagSchema, input);
    await this.#store.deleteExperimentTag(experimentId, key);
  }
}
