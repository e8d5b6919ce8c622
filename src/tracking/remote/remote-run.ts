import { log } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { isLocalRunId } from "../../base/ids.ts";
import { processSlot } from "../../base/process-state.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";
import type { SpoolEntry } from "../../queue/spool/spool-entry.ts";
import type { SpoolHeader } from "../../queue/spool/spool-header.ts";
import { PARENT_RUN_TAG } from "../../schema/known-tags.ts";
import { LOCAL_RUN_ID_TAG, type PlannedRun, type RunEntity } from "../../schema/run.ts";
import { resolveExperiment } from "../experiments.ts";

/** A lost answer makes one twin, seldom two. */
const MOST_TWINS = 100;

/** Runs of this process that their backend may not know yet, by local id: a part of one is made after the whole. */
const openRuns = () => processSlot("remote-runs", () => new Map<string, RemoteRun>());

/**
 * A run at a backend that can be away: found there, or made when the backend is first reached. Made once, also where the answer is
 * lost: it carries its local id as a tag, and whoever does not know whether it was made looks for that.
 */
export class RemoteRun {
  readonly #store: TrackingStore;
  readonly #entry: SpoolEntry | undefined;
  readonly #localRunId: string;
  readonly #plan: PlannedRun | undefined;
  #runId: string | undefined;
  #entity: RunEntity | undefined;
  #reaching: Promise<RunEntity> | undefined;
  #mayHaveTwins: boolean;

  /**
   * @param header - What is known of the run.
   * @param isLeft - Another process began it, and may have made it.
   */
  constructor(store: TrackingStore, header: SpoolHeader, entry: SpoolEntry | undefined, isLeft: boolean) {
    this.#store = store;
    this.#entry = entry;
    this.#localRunId = header.localRunId;
    this.#plan = header.plan;
    this.#runId = header.runId;
    this.#mayHaveTwins = isLeft;
    openRuns().set(this.#localRunId, this);
  }

  /** As it was when the backend was reached; `undefined` before. */
  get entity(): RunEntity | undefined {
    return this.#entity;
  }

  /** The backend has the run, or had it. */
  get isMade(): boolean {
    return this.#runId !== undefined;
  }

  /** @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE`, or what the backend has against the run */
  reach(): Promise<RunEntity> {
    if (this.#entity !== undefined) return Promise.resolve(this.#entity);
    this.#reaching ??= this.#reach().finally(() => {
      this.#reaching = undefined;
    });
    return this.#reaching;
  }

  /** Deletes what a lost answer and its repeat have made twice. What holds values is no such thing but somebody's copy of the run. */
  async removeTwins(): Promise<void> {
    const { entity } = this;
    if (entity === undefined || !this.#mayHaveTwins || this.#plan === undefined) return;
    for (const twin of await this.#twins(entity.experimentId)) {
      if (twin.id !== entity.id && isEmpty(twin)) await this.#store.deleteRun(twin.id);
    }
  }

  /** Nobody asks for it any more. */
  forget(): void {
    openRuns().delete(this.#localRunId);
  }

  async #reach(): Promise<RunEntity> {
    const entity = this.#runId === undefined ? await this.#findOrMake() : await this.#store.getRun(this.#runId);
    if (this.#runId === undefined) this.#keepId(entity.id);
    this.#runId = entity.id;
    this.#entity = entity;
    return entity;
  }

  async #findOrMake(): Promise<RunEntity> {
    if (this.#plan === undefined) throw new TidemarkError("DATA_DAMAGED", "the spool does not say which run this is");
    const experimentId = await resolveExperiment(this.#store, this.#plan.experiment);
    const twins = this.#mayHaveTwins ? await this.#twins(experimentId) : [];
    // The one that has got something already, where there is one.
    const made = twins.find((twin) => !isEmpty(twin)) ?? twins[0];
    if (made !== undefined) return made;
    const tags = { ...(await this.#ownTags(this.#plan)), [LOCAL_RUN_ID_TAG]: this.#localRunId };
    try {
      return await this.#store.createRun({ ...this.#plan.run, experimentId, tags });
    } catch (error) {
      // Whatever is said here, the run may be there.
      this.#mayHaveTwins ||= !(error instanceof TidemarkError && error.details.wasSent === false);
      throw error;
    }
  }

  async #twins(experimentId: string): Promise<readonly RunEntity[]> {
    const filter = `tags.\`${LOCAL_RUN_ID_TAG}\` = '${this.#localRunId}'`;
    const query = { experimentIds: [experimentId], viewType: "active", filter, maxResults: MOST_TWINS } as const;
    return (await this.#store.searchRuns(query)).items;
  }

  /** The run this one is a part of by the id it has at the backend, where it has one. */
  async #ownTags({ run }: PlannedRun): Promise<Record<string, string>> {
    const tags = { ...run.tags };
    const parent = tags[PARENT_RUN_TAG];
    if (parent === undefined || !isLocalRunId(parent)) return tags;
    const open = openRuns().get(parent);
    try {
      tags[PARENT_RUN_TAG] = (await (open === undefined ? this.#store.getRun(parent) : open.reach())).id;
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
    }
    return tags;
  }

  #keepId(runId: string): void {
    try {
      this.#entry?.saveRunId(runId);
    } catch (error) {
      // It is found by its tag.
      log("debug", `the id of run ${runId} could not be kept in the spool: ${messageOf(error)}`);
    }
  }
}

const isEmpty = ({ metrics, params }: RunEntity): boolean =>
  Object.keys(metrics).length + Object.keys(params).length === 0;
