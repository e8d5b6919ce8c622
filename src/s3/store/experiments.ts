import { TidemarkError } from "../../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME, experimentIdFor } from "../../base/experiment-ids.ts";
import {
  defaultExperimentStays,
  experimentDeleted,
  idTaken,
  noSuchDeletedExperiment,
  noSuchExperiment,
  noSuchTag,
} from "../../base/store-errors.ts";
import type { ImportedExperiment } from "../../contract/importer.ts";
import type { ExperimentQuery, Page } from "../../contract/tracking-store.ts";
import type { CreateExperiment, Experiment } from "../../schema/experiment.ts";
import type { Tag } from "../../schema/param.ts";
import { searchExperiments } from "../../search/searches.ts";
import type { Background } from "./background.ts";
import { EntityIndex } from "./entity-index.ts";
import {
  type ExperimentHead,
  experimentEntity,
  experimentHeadSchema,
  experimentKind,
  experimentNames,
  newExperiment,
} from "./experiment-head.ts";
import type { Content, HeadKind, Heads } from "./heads.ts";
import { experimentIndex, experimentKey, isId } from "./layout.ts";
import { Names } from "./names.ts";
import type { S3Place } from "./s3-place.ts";
import { withoutKey, withTexts } from "./text-record.ts";

type ExperimentContent = Content<ExperimentHead>;

const indexOf = (heads: Heads, background: Background) =>
  new EntityIndex<ExperimentHead>(
    heads,
    experimentIndex(),
    { schema: experimentHeadSchema, keyOf: experimentKey, isGone: ({ isGone }) => isGone === true },
    background,
  );

/** Makes the experiment that every store has. */
export async function furnish(heads: Heads, background: Background): Promise<void> {
  const names = new Names(heads, experimentNames(experimentKind(indexOf(heads, background))));
  try {
    await names.create(DEFAULT_EXPERIMENT_NAME, (id) => newExperiment(id, { name: DEFAULT_EXPERIMENT_NAME }));
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
  }
}

/** Experiments as heads, with names that are claimed. */
export class Experiments {
  readonly #place: S3Place;
  readonly #index: EntityIndex<ExperimentHead>;
  readonly #kind: HeadKind<ExperimentHead>;
  readonly #names: Names<ExperimentHead>;

  constructor(place: S3Place, background: Background) {
    this.#place = place;
    this.#index = indexOf(place.heads, background);
    this.#kind = experimentKind(this.#index);
    this.#names = new Names(place.heads, experimentNames(this.#kind));
  }

  async create({ name, artifactLocation, tags }: CreateExperiment): Promise<string> {
    const given = {
      name,
      ...(artifactLocation === undefined ? {} : { artifactLocation }),
      ...(tags === undefined ? {} : { tags }),
    };
    return (await this.#names.create(name, (id) => newExperiment(id, given))).id;
  }

  /** Makes what another store has, with the id it has there if that can be. Answers the id. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async import({ id, name, tags, creationTime, lastUpdateTime }: ImportedExperiment): Promise<string> {
    if (!isId(id) || (await this.find(id)) !== undefined) throw idTaken("experiment", id, this.#place.uri);
    const newId = (wanted: string, generation: number) => (generation === 0 ? id : experimentIdFor(wanted, generation));
    const names = new Names(this.#place.heads, { ...experimentNames(this.#kind), newId });
    const times = {
      ...(creationTime === undefined ? {} : { creationTime }),
      ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
    };
    return (await names.create(name, (given) => ({ ...newExperiment(given, { name, tags }), ...times }))).id;
  }

  async get(experimentId: string): Promise<Experiment> {
    return experimentEntity(await this.head(experimentId), this.#place.uri);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async head(experimentId: string): Promise<ExperimentContent> {
    const head = await this.find(experimentId);
    if (head === undefined) throw noSuchExperiment(experimentId, this.#place.uri);
    return head;
  }

  async find(experimentId: string): Promise<ExperimentContent | undefined> {
    if (!isId(experimentId)) return undefined;
    if (!(await this.#place.readable())) return experimentId === DEFAULT_EXPERIMENT_ID ? DEFAULT_EXPERIMENT : undefined;
    const head = await this.#place.heads.read(this.#kind, experimentId);
    return head?.isGone === true ? undefined : head;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE` */
  async active(experimentId: string): Promise<ExperimentContent> {
    return checkActive(await this.head(experimentId));
  }

  async findByName(name: string): Promise<Experiment | undefined> {
    if (!(await this.#place.readable())) {
      return name === DEFAULT_EXPERIMENT_NAME ? experimentEntity(DEFAULT_EXPERIMENT, this.#place.uri) : undefined;
    }
    const found = await this.#names.find(name);
    return found === undefined ? undefined : experimentEntity(found.head, this.#place.uri);
  }

  async search(query: ExperimentQuery): Promise<Page<Experiment>> {
    const heads = (await this.#place.readable()) ? await this.#index.all() : [DEFAULT_EXPERIMENT];
    return searchExperiments(
      heads.map((head) => experimentEntity(head, this.#place.uri)),
      query,
    );
  }

  /** The heads of all experiments, deleted ones too. */
  async heads(): Promise<ExperimentContent[]> {
    return (await this.#place.readable()) ? await this.#index.all() : [];
  }

  /** Makes an experiment one that was deleted for good; its name is free from then on. False where it is not what was meant. */
  async bury(experimentId: string, isMeant: (head: ExperimentContent) => boolean): Promise<boolean> {
    let isDone = false;
    await this.#change(experimentId, (head) => {
      isDone = isMeant(head);
      return isDone ? { ...head, tags: {}, isGone: true } : head;
    });
    return isDone;
  }

  async rename(experimentId: string, name: string): Promise<void> {
    if (!isId(experimentId)) throw this.#missing(experimentId)();
    const rename = (head: ExperimentHead) => touched(checkActive(head), { name });
    await this.#names.rename(experimentId, name, rename, this.#missing(experimentId));
  }

  async delete(experimentId: string): Promise<void> {
    if (experimentId === DEFAULT_EXPERIMENT_ID) throw defaultExperimentStays();
    await this.#change(experimentId, (head) => touched(checkActive(head), { lifecycleStage: "deleted" }));
  }

  async restore(experimentId: string): Promise<void> {
    await this.#change(experimentId, (head) => {
      if (head.lifecycleStage === "active") throw noSuchDeletedExperiment(experimentId, this.#place.uri);
      return touched(head, { lifecycleStage: "active", restores: head.restores + 1 });
    });
  }

  async setTag(experimentId: string, { key, value }: Tag): Promise<void> {
    await this.#change(experimentId, (head) =>
      touched(checkActive(head), { tags: withTexts(head.tags, [[key, value]]) }),
    );
  }

  async deleteTag(experimentId: string, key: string): Promise<void> {
    await this.#change(experimentId, (head) => {
      checkActive(head);
      if (!Object.hasOwn(head.tags, key)) throw noSuchTag(key, `experiment ${experimentId}`);
      return touched(head, { tags: withoutKey(head.tags, key) });
    });
  }

  async #change(experimentId: string, apply: (head: ExperimentHead) => ExperimentContent): Promise<void> {
    const missing = this.#missing(experimentId);
    if (!isId(experimentId)) throw missing();
    const change = (head: ExperimentHead) => {
      if (head.isGone === true) throw missing();
      return apply(head);
    };
    await this.#place.heads.change(this.#kind, experimentId, change, missing);
  }

  #missing(experimentId: string) {
    return () => noSuchExperiment(experimentId, this.#place.uri);
  }
}

/** As it is before anybody has written. */
const DEFAULT_EXPERIMENT: ExperimentContent = {
  ...newExperiment(DEFAULT_EXPERIMENT_ID, { name: DEFAULT_EXPERIMENT_NAME }),
  creationTime: 0,
  lastUpdateTime: 0,
};

function checkActive<T extends ExperimentContent>(head: T): T {
  if (head.lifecycleStage === "deleted") throw experimentDeleted(head.id);
  return head;
}

const touched = (head: ExperimentContent, changes: Partial<ExperimentContent>): ExperimentContent => ({
  ...head,
  ...changes,
  lastUpdateTime: Date.now(),
});
