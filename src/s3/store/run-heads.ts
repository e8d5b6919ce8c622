import { noSuchRun, runDeleted } from "../../base/store-errors.ts";
import type { Background } from "./background.ts";
import type { ColumnName } from "./chunk/column.ts";
import type { IndexRow } from "./chunk/index-chunk.ts";
import { EntityIndex } from "./entity-index.ts";
import type { Experiments } from "./experiments.ts";
import type { HeadKind } from "./heads.ts";
import { isId, runIndex, runKey } from "./layout.ts";
import { RUN_COLUMNS } from "./run-columns.ts";
import { goneRun, isDeletedRun, type RunContent, type RunHead, runHeadSchema } from "./run-head.ts";
import type { S3Place } from "./s3-place.ts";

const MOST_REMEMBERED = 10_000;

/** The heads of runs, and the index of each experiment's. */
export class RunHeads {
  readonly #place: S3Place;
  readonly #experiments: Experiments;
  readonly #background: Background;
  readonly #indexes = new Map<string, EntityIndex<RunHead>>();
  readonly #kind: HeadKind<RunHead>;
  /** Of runs that were read: a run stays in its experiment. */
  readonly #experimentIds = new Map<string, string>();

  constructor(place: S3Place, experiments: Experiments, background: Background) {
    this.#place = place;
    this.#experiments = experiments;
    this.#background = background;
    this.#kind = {
      schema: runHeadSchema,
      keyOf: runKey,
      announce: (id, { experimentId }, rev) => this.#indexOf(experimentId).announce(id, rev),
      onWritten: (_, { experimentId }) => this.#indexOf(experimentId).noteWrite(),
    };
  }

  /** `undefined` where there is a run with this id. */
  async create(content: RunContent): Promise<RunHead | undefined> {
    return await this.#place.heads.create(this.#kind, content.id, content);
  }

  /** Changes a run that is not deleted. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE` */
  async change(runId: string, apply: (head: RunHead) => RunContent): Promise<RunHead> {
    const experimentId = this.#experimentIds.get(runId) ?? (await this.read(runId)).experimentId;
    const experiment = await this.#experiments.head(experimentId);
    return await this.changeAny(runId, (head) => {
      if (isDeletedRun(head, experiment)) throw runDeleted(runId);
      return apply(head);
    });
  }

  /** Also one that is deleted, as long as it is not so for good. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async changeAny(runId: string, apply: (head: RunHead) => RunContent): Promise<RunHead> {
    const missing = () => noSuchRun(runId, this.#place.uri);
    if (!isId(runId)) throw missing();
    const change = (head: RunHead) => {
      if (head.isGone === true) throw missing();
      return apply(head);
    };
    return await this.#place.heads.change(this.#kind, runId, change, missing);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async read(runId: string): Promise<RunHead> {
    const isThere = isId(runId) && (await this.#place.readable());
    const head = isThere ? await this.#place.heads.read(this.#kind, runId) : undefined;
    if (head === undefined || head.isGone === true) throw noSuchRun(runId, this.#place.uri);
    if (this.#experimentIds.size >= MOST_REMEMBERED) this.#experimentIds.clear();
    this.#experimentIds.set(runId, head.experimentId);
    return head;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE` */
  async readActive(runId: string): Promise<RunHead> {
    const head = await this.read(runId);
    if (isDeletedRun(head, await this.#experiments.head(head.experimentId))) throw runDeleted(runId);
    return head;
  }

  /** The heads of all runs in an experiment. */
  async inExperiment(experimentId: string): Promise<RunHead[]> {
    return await this.#indexOf(experimentId).all();
  }

  /** All runs in an experiment, to be looked at in these columns. */
  async rowsIn(experimentId: string, columns: readonly ColumnName[]): Promise<IndexRow<RunHead>[]> {
    return await this.#indexOf(experimentId).rows(columns);
  }

  /** Brings what has changed into the index of an experiment, when there is time. */
  compactSoon(experimentId: string): void {
    this.#indexOf(experimentId).compactSoon();
  }

  /** Takes runs that were deleted for good out of the index of their experiment. */
  async compact(experimentId: string): Promise<void> {
    await this.#indexOf(experimentId).compact();
  }

  /** The head of a run, also of one that was deleted for good; `undefined` where there is none. */
  async find(runId: string): Promise<RunHead | undefined> {
    return await this.#place.heads.read(this.#kind, runId);
  }

  /** Makes a run one that was deleted for good. Answers what it was; nothing where it is not what was meant, and stays. */
  async bury(runId: string, isMeant: (head: RunHead) => boolean): Promise<RunHead | undefined> {
    let buried: RunHead | undefined;
    await this.changeAny(runId, (head) => {
      buried = isMeant(head) ? head : undefined;
      return buried === undefined ? head : goneRun(head);
    });
    return buried;
  }

  /** Undoes that. */
  async unbury(head: RunHead): Promise<void> {
    const missing = () => noSuchRun(head.id, this.#place.uri);
    const { rev: _rev, ops: _ops, createdBy: _createdBy, ...content } = head;
    await this.#place.heads.change(this.#kind, head.id, () => content, missing);
  }

  #indexOf(experimentId: string): EntityIndex<RunHead> {
    const known = this.#indexes.get(experimentId);
    if (known !== undefined) return known;
    const isGone = ({ isGone }: RunHead) => isGone === true;
    const of = { schema: runHeadSchema, keyOf: runKey, isGone, columns: RUN_COLUMNS };
    const index = new EntityIndex(this.#place.heads, runIndex(experimentId), of, this.#background);
    this.#indexes.set(experimentId, index);
    return index;
  }
}
