import type { TidemarkError } from "../../base/errors.ts";
import { runDeleted } from "../../base/store-errors.ts";
import type { Batch } from "../../contract/batch.ts";
import { allPositions } from "../../contract/batch-positions.ts";
import type { AsyncMetricSink, MetricSink, SinkLimits } from "../../contract/metric-sink.ts";
import type { Outcome } from "../../contract/outcome.ts";
import type { RemoteAccess } from "../../contract/remote-access.ts";
import { outcomeOfThrown } from "../../queue/delivery.ts";
import { taggingMarks } from "../rewind/tag-marks.ts";
import { isGone } from "./away.ts";
import type { RemoteRun } from "./remote-run.ts";

/** Brings a run's log to a backend that can be away: opens the run there first, whenever that becomes possible. */
export class RemoteSink implements AsyncMetricSink {
  readonly limits: SinkLimits;
  readonly #access: RemoteAccess;
  readonly #run: RemoteRun;
  #sink: MetricSink | undefined;

  constructor(access: RemoteAccess, run: RemoteRun) {
    this.limits = access.sinkLimits;
    this.#access = access;
    this.#run = run;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    try {
      this.#sink ??= await this.#open();
    } catch (error) {
      return refusal(error, batch, this.#run.isMade);
    }
    return "writeSync" in this.#sink ? this.#sink.writeSync(batch) : await this.#sink.write(batch, signal);
  }

  async #open(): Promise<MetricSink> {
    const run = await this.#run.reach();
    if (run.lifecycleStage === "deleted") throw runDeleted(run.id);
    return taggingMarks(this.#access.tracking, await this.#access.openSink(run), run);
  }

  async close(): Promise<void> {
    await this.#sink?.close();
  }
}

/** A run that is gone takes nothing any more. For everything else that keeps it from being opened there may be a remedy: values wait. */
const refusal = (error: unknown, batch: Batch, isMade: boolean): Outcome =>
  isMade && isGone(error)
    ? { status: "permanent", error: error as TidemarkError, rejected: allPositions(batch) }
    : outcomeOfThrown(error);
