import { setTimeout as startTimer } from "node:timers";
import { log, warnOnce } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { NETWORK_RETRY, retryDelayMs } from "../../base/retry-schedule.ts";
import type { Backend } from "../../contract/backend.ts";
import type { Journal } from "../../contract/journal.ts";
import type { RemoteAccess } from "../../contract/remote-access.ts";
import type { SpoolEntry } from "../../queue/spool/spool-entry.ts";
import type { SpoolHeader } from "../../queue/spool/spool-header.ts";
import type { Tag } from "../../schema/param.ts";
import type { ExperimentRef, RunEntity } from "../../schema/run.ts";
import { reviveRun } from "../life/revive-run.ts";
import type { RunEnd, RunPlace } from "../run-place.ts";
import { writeOnce } from "../write-once.ts";
import { isAway, isGone, PATIENCE_MS, within } from "./away.ts";
import { finishThere } from "./finish-there.ts";
import { RemoteArtifacts } from "./remote-artifacts.ts";
import { RemoteRun } from "./remote-run.ts";
import { RemoteSink } from "./remote-sink.ts";
import { replayInBackground } from "./replay-in-background.ts";

/** A run whose backend can be away: what it logs rests in the spool until it is there. */
export class RemotePlace implements RunPlace {
  readonly sink: RemoteSink;
  readonly journal: Journal | undefined;
  readonly artifacts: RemoteArtifacts;
  readonly endsSync = false;
  readonly #backend: Backend;
  readonly #access: RemoteAccess;
  readonly #header: SpoolHeader;
  readonly #run: RemoteRun;
  readonly #entry: SpoolEntry | undefined;
  /** A run that began without its backend keeps the id it had then. */
  #keepsLocalId = false;
  #retries = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(backend: Backend, access: RemoteAccess, header: SpoolHeader, entry: SpoolEntry | undefined) {
    this.#backend = backend;
    this.#access = access;
    this.#header = header;
    this.#entry = entry;
    this.journal = entry?.journal;
    this.#run = new RemoteRun(access.tracking, header, entry, false);
    this.sink = new RemoteSink(access, this.#run);
    this.artifacts = new RemoteArtifacts(`runs:/${header.localRunId}`, {
      backend,
      access,
      run: this.#run,
      entry,
      onStaged: () => this.#deliverLater(),
    });
  }

  /** @param offline - `"refuse"`: not without the backend. */
  async open(offline: "allow" | "refuse"): Promise<void> {
    const reached = this.#run.reach();
    try {
      await (offline === "allow" ? within(PATIENCE_MS, reached) : reached);
    } catch (error) {
      if (offline === "refuse" || !isAway(error)) throw error;
      this.#keepsLocalId = true;
      const where = this.#entry === undefined ? "in memory" : `in ${this.#entry.directory}`;
      warnOnce(`offline:${this.#backend.uri}`, `${messageOf(error)}; the run begins without it, and is kept ${where}`);
      this.#deliverLater();
    }
  }

  /** Begins without asking. */
  begin(): void {
    this.#keepsLocalId = true;
    this.#deliverLater(0);
  }

  /** Nothing was begun, or nobody wants it any more. */
  discard(): void {
    this.#close();
    this.#entry?.remove();
  }

  get entity(): RunEntity {
    const { entity } = this.#run;
    if (entity === undefined) return plannedEntity(this.#header);
    return this.#keepsLocalId ? { ...entity, id: this.#header.localRunId } : entity;
  }

  get backendId(): string | undefined {
    return this.#run.entity?.id;
  }

  get experiment(): ExperimentRef {
    const { entity } = this.#run;
    return entity === undefined ? (this.#header.plan?.experiment ?? {}) : { id: entity.experimentId };
  }

  async reach(): Promise<string | undefined> {
    // What is left of it is somebody else's to bring there.
    if (this.#isOver) return this.backendId;
    try {
      return (await within(PATIENCE_MS, this.#run.reach())).id;
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }

  async readTag(key: string): Promise<string | undefined> {
    return await this.#ask(async (runId) => (await this.#access.tracking.getRun(runId)).tags[key]);
  }

  async writeTag(tag: Tag): Promise<boolean> {
    const isDone = await this.#ask(async (runId) => {
      await writeOnce(this.#access.tracking, runId, { tags: [tag] });
      return true;
    });
    return isDone ?? false;
  }

  async revive(isWanted: () => boolean): Promise<void> {
    await this.#ask((runId) => reviveRun(this.#access.tracking, runId, isWanted));
  }

  hurry(): void {
    this.artifacts.hurry();
  }

  async finish(end: RunEnd, isDelivered: boolean, timeoutMs: number, mayBeReaped: boolean): Promise<void> {
    try {
      if (!isDelivered) throw new TidemarkError("DEADLINE_EXCEEDED", `${this.#backend.uri} has not taken all in time`);
      await within(timeoutMs, finishThere(this.#access, this.#run, this.artifacts, end, mayBeReaped));
    } catch (error) {
      if (this.#run.isMade && isGone(error)) this.discard();
      else this.#leave(end);
      if (this.#entry === undefined || !isAway(error)) throw error;
      warnOnce(`left:${this.#header.localRunId}`, `${messageOf(error)}; ${this.#whatIsLeft(this.#entry)}`);
      return;
    }
    this.discard();
  }

  finishSync(end: RunEnd): void {
    this.#leave(end);
    if (this.#entry === undefined) return;
    log("info", this.#whatIsLeft(this.#entry));
  }

  /** Leaves the rest, and how it ended, to whoever comes next. */
  #leave(end: RunEnd): void {
    if (this.#isOver) return;
    this.#close();
    this.#entry?.saveEnd(end);
    this.#entry?.release();
  }

  /** Asks the backend something of the run; `undefined` where it is away. */
  async #ask<T>(question: (runId: string) => Promise<T>): Promise<T | undefined> {
    if (!this.#run.isMade) return undefined;
    try {
      return await within(
        PATIENCE_MS,
        this.#run.reach().then(({ id }) => question(id)),
      );
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }

  #whatIsLeft(entry: SpoolEntry): string {
    return `what is left of run ${this.entity.id} is in ${entry.directory}: the next program that connects brings it there, or \`tidemark spool replay\``;
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#run.forget();
    this.hurry();
  }

  /** Values bring the run to the backend by themselves; a run without any, and files, come by this. */
  #deliverLater(waitMs?: number): void {
    if (this.#isOver || this.#timer !== undefined) return;
    this.#timer = startTimer(
      () => {
        this.#timer = undefined;
        this.#deliver().then(
          () => {
            this.#retries = 0;
          },
          (error: unknown) => {
            if (isAway(error)) this.#deliverLater();
          },
        );
      },
      waitMs ?? retryDelayMs(NETWORK_RETRY, ++this.#retries, undefined),
    ).unref();
  }

  async #deliver(): Promise<void> {
    await this.#run.reach();
    replayInBackground(this.#backend);
    await this.artifacts.deliver();
  }
}

/** A run as far as it is known without its backend. */
function plannedEntity({ localRunId, plan, name, createdAt }: SpoolHeader): RunEntity {
  return {
    id: localRunId,
    name,
    experimentId: plan?.experiment.id ?? "",
    userId: plan?.run.userId ?? "",
    status: "RUNNING",
    startTime: plan?.run.startTime ?? createdAt,
    lifecycleStage: "active",
    artifactUri: `runs:/${localRunId}`,
    params: {},
    tags: plan?.run.tags ?? {},
    metrics: {},
    latestMetrics: [],
    inputs: [],
    modelInputs: [],
    modelOutputs: [],
  };
}
