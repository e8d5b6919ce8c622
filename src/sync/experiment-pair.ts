import { TidemarkError } from "../base/errors.ts";
import type { Page } from "../contract/tracking-store.ts";
import type { Experiment } from "../schema/experiment.ts";
import { hasEnded, type RunEntity } from "../schema/run.ts";
import { originOf, SYNCED_FROM_TAG } from "./origin.ts";
import { beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";

/** Answers undefined where what is asked for is not there. */
export async function ifThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
    throw error;
  }
}

/** Makes something that another sync may make at the same moment: then it is there, which is what was wanted. */
export async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
  }
}

/** Most entities of one request, as servers allow it. */
const PAGE_SIZE = 1_000;

/** Everything of a list. */
export async function* allOf<T>(
  list: (paging: { readonly maxResults: number; readonly pageToken?: string }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let pageToken: string | undefined;
  do {
    const page = await list({ maxResults: PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) });
    yield* page.items;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/** An experiment of the source, the one of the target that it is, and which runs of the target are which of the source. */
export class ExperimentPair {
  readonly source: Experiment;
  /** `undefined` in a dry run that would make it. */
  readonly targetId: string | undefined;
  readonly #context: SyncContext;
  #isInTrash: boolean;
  #restoring: Promise<void> | undefined;
  #runs = new Map<string, string>();
  #mayHaveTwins = false;

  constructor(
    context: SyncContext,
    source: Experiment,
    target: { readonly id: string; readonly isInTrash: boolean } | undefined,
  ) {
    this.#context = context;
    this.source = source;
    this.targetId = target?.id;
    this.#isInTrash = target?.isInTrash ?? false;
  }

  /** Whether the target's is not in the trash, or not any more. */
  get isInUse(): boolean {
    return !this.#isInTrash;
  }

  /** Finds out which runs the target has, where they are not found by their ids. */
  async open(): Promise<void> {
    if (importerOf(this.#context) !== undefined || this.targetId === undefined) return;
    const known = this.#context.runCopies.get(this.targetId);
    if (known !== undefined) this.#runs = known;
    else
      for (const [origin, [first, ...twins]] of await this.#copies()) {
        this.#runs.set(origin, (first as RunEntity).id);
        // What a sync that was cut off has left.
        if (twins.some(({ lifecycleStage }) => lifecycleStage === "active")) this.#mayHaveTwins = true;
      }
    this.#context.runCopies.set(this.targetId, this.#runs);
  }

  /** The run of the target that is one of the source. */
  async findRun(origin: string): Promise<RunEntity | undefined> {
    const { tracking } = this.#context.to.backend;
    const isFound = importerOf(this.#context) !== undefined;
    const id = isFound ? origin : this.#runs.get(origin);
    return id === undefined || this.targetId === undefined ? undefined : await ifThere(() => tracking.getRun(id));
  }

  /** The same just before it is made: another sync may have been faster. */
  async findRunAgain(origin: string): Promise<RunEntity | undefined> {
    if (importerOf(this.#context) !== undefined) return await this.findRun(origin);
    const [found] = (await this.#copies(`tags.\`${SYNCED_FROM_TAG}\` = '${origin}'`)).get(origin) ?? [];
    if (found !== undefined) this.#runs.set(origin, found.id);
    return found === undefined ? await this.findRun(origin) : await this.#context.to.backend.tracking.getRun(found.id);
  }

  noteRun(origin: string, id: string): void {
    this.#mayHaveTwins = true;
    this.#runs.set(origin, id);
  }

  /** Finds out anew whether the target's is in the trash. */
  async lookAgain(): Promise<void> {
    if (this.targetId === undefined) return;
    const { lifecycleStage } = await this.#context.to.backend.tracking.getExperiment(this.targetId);
    this.#isInTrash = lifecycleStage === "deleted";
    this.#restoring = undefined;
  }

  /** Brings an experiment out of the trash, because something is to be written to it. */
  async makeWritable(): Promise<void> {
    const { targetId } = this;
    if (!this.#isInTrash || targetId === undefined) return;
    this.#restoring ??= this.#context.to.backend.tracking.restoreExperiment(targetId).then(() => {
      this.#isInTrash = false;
    });
    await this.#restoring;
  }

  /**
   * Two syncs at once may both have made a run, where the target gives the ids. One stays, the same for both, and the others go to the
   * trash.
   */
  async deleteTwins(): Promise<void> {
    if (!this.#mayHaveTwins) return;
    this.#mayHaveTwins = false;
    for (const [origin, [first, ...twins]] of await this.#copies()) {
      this.#runs.set(origin, (first as RunEntity).id);
      for (const { id, lifecycleStage, tags } of twins) {
        const isCopy = Object.hasOwn(tags, SYNCED_FROM_TAG);
        if (!isCopy || lifecycleStage !== "active") continue;
        await beforeWrite(this.#context);
        await this.#context.to.backend.tracking.deleteRun(id);
      }
    }
  }

  /** The id of the run of the target that stays. */
  idThatStays(origin: string, id: string): string {
    return this.#runs.get(origin) ?? id;
  }

  /** Runs of the target by the id they had first: those in use before deleted ones, ended ones before open ones. */
  async #copies(filter?: string): Promise<Map<string, RunEntity[]>> {
    const copies = new Map<string, RunEntity[]>();
    const { tracking } = this.#context.to.backend;
    const query = { experimentIds: [this.targetId as string], viewType: "all" as const };
    const wanted = filter === undefined ? query : { ...query, filter };
    for await (const run of allOf((paging) => tracking.searchRuns({ ...wanted, ...paging }))) {
      const origin = originOf(run);
      const known = copies.get(origin);
      if (known === undefined) copies.set(origin, [run]);
      else known.push(run);
    }
    for (const runs of copies.values()) runs.sort(byUse);
    return copies;
  }
}

/** One that another sync is done with, and may have linked, before one that is being written. */
const byUse = (a: RunEntity, b: RunEntity): number => orderOf(a) - orderOf(b) || (a.id < b.id ? -1 : 1);

const orderOf = ({ lifecycleStage, status }: RunEntity): number =>
  (lifecycleStage === "active" ? 0 : 2) + (hasEnded(status) ? 0 : 1);
