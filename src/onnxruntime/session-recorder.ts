import { setTimeout as startTimer } from "node:timers";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import { defaultClient } from "../fluent/configure.ts";
import { describeSession } from "./describe-session.ts";
import { ErrorCounts } from "./error-counts.ts";
import { NAMES } from "./names.ts";
import type { CheckedOptions } from "./options.ts";
import type { OrtValues } from "./ort-types.ts";
import { RunWindow } from "./run-window.ts";
import { type ChosenScalar, chosenScalars, isLeftEmpty, scalarOf } from "./scalars.ts";
import { batchInputOf, batchSizeOf } from "./session-facts.ts";
import type { SessionParts } from "./session-parts.ts";
import { SessionPlace } from "./session-place.ts";

/** Nothing is recorded of this run. */
export const UNRECORDED = -1;

let sessions = 0;

/**
 * Records what one session does, from hooks around its runs. No call throws or waits; between a run and its end a recorder takes about a
 * microsecond.
 */
export class SessionRecorder {
  readonly #session: SessionParts;
  readonly #options: () => CheckedOptions;
  readonly #number = ++sessions;
  readonly #window = new RunWindow();
  readonly #errors = new ErrorCounts();
  /** Facts that come later, which the end of a run of its own waits for. */
  readonly #late = new Set<Promise<void>>();
  #place: SessionPlace | undefined;
  /** Runs so far: the step of the next one. */
  #steps = 0;
  #firstStep = UNRECORDED;
  #isOver = false;
  #finished: Promise<void> | undefined;
  #batchInput: string | undefined;
  #scalars: readonly ChosenScalar[] = [];
  #scalarsFor: CheckedOptions["scalars"] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #errorsLogged = 0;
  #optimizerSteps = 0;
  #optimizerStepsLogged = 0;
  #evaluations = { sum: 0, count: 0 };

  constructor(session: SessionParts, options: () => CheckedOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** A run is about to begin. Answers its step, or {@link UNRECORDED}. */
  begin(feeds: unknown): number {
    if (this.#isOver) return UNRECORDED;
    try {
      if (this.#place?.isOpen !== true) this.#enter(feeds);
      if (this.#evaluations.count > 0) this.#logEvaluation();
    } catch (error) {
      this.#isOver = true;
      this.#warn("opening its run", error);
      return UNRECORDED;
    }
    if (this.#firstStep === UNRECORDED) this.#firstStep = this.#steps;
    return this.#steps++;
  }

  /** Whether this run is timed and its scalars are logged. */
  isSampled(step: number): boolean {
    const { everyNRuns } = this.#options();
    return everyNRuns === 1 || (step - this.#firstStep) % everyNRuns === 0;
  }

  /** Examples in a batch; 0 where the session has no such thing. */
  batchSize(feeds: unknown): number {
    return this.#batchInput === undefined ? 0 : batchSizeOf(feeds, this.#batchInput);
  }

  /** The clock has been read, and the run begins. */
  started(now: number): void {
    if (this.#window.begin(now)) this.#openWindow();
  }

  /** A run that is not sampled has succeeded. */
  counted(examples: number): void {
    if (!this.#isOver) this.#window.count(examples);
  }

  /**
   * A run has succeeded.
   *
   * @param args - Of `run`: feeds, then fetches or options.
   */
  done(step: number, startedAt: number, examples: number, args: readonly unknown[], outputs: unknown): void {
    if (this.#isOver) return;
    try {
      const now = performance.now();
      const window = this.#window;
      window.count(examples);
      // The first run also prepares the session: it has a metric of its own, and would be the p99 of all others.
      if (step === this.#firstStep) this.#place?.metric(NAMES.firstRunTime.name).log(now - startedAt, step);
      else window.time(now - startedAt);
      this.#logScalars(step, args[1], outputs);
      const { windowRuns, windowSeconds } = this.#options();
      if (now - window.openedAt >= windowSeconds * 1_000 || window.runs >= (windowRuns ?? Number.POSITIVE_INFINITY)) {
        this.#closeWindow(now);
      }
    } catch (error) {
      this.#warn("a run", error);
    }
  }

  /** A run, or a step of the optimizer or an evaluation, has failed. */
  failed(error: unknown): void {
    this.#errors.count(error);
  }

  /** An evaluation step of a training session: the mean of those in a row is logged. */
  evaluated(outputs: unknown): void {
    const loss = Object.entries((outputs ?? {}) as OrtValues)
      .map(([, value]) => scalarOf(value, true))
      .find((value) => value !== undefined);
    if (loss === undefined || this.#isOver) return;
    this.#evaluations.sum += loss;
    this.#evaluations.count++;
  }

  optimized(): void {
    this.#optimizerSteps++;
  }

  /** The session is released, or watched no more: logs what is left and ends a run of its own. Never rejects. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    if (this.#isOver) return;
    this.#logRest();
    this.#isOver = true;
    const place = this.#place;
    place?.leave(this.#steps);
    if (place?.isOwn !== true) return;
    await Promise.allSettled(this.#late);
    await place.run.end().catch((error: unknown) => this.#warn("ending its run", error));
  }

  #enter(feeds: unknown): void {
    this.#place?.leave(this.#steps);
    this.#place = undefined;
    const { creation } = this.#session;
    const { name, sizeBytes, digest } = creation?.model ?? {};
    const model =
      creation === undefined
        ? `session ${this.#number}`
        : [name, sizeBytes, typeof digest === "string" ? digest : ""].join("\n");
    const beforeEnd = () => this.#logRest();
    const place = SessionPlace.open(this.#options(), { name: name ?? "session", model, beforeEnd });
    if (place === undefined) {
      // A backend of somebody's own has to be waited for; until it is there, runs are only counted.
      defaultClient().catch(() => {});
      return;
    }
    this.#place = place;
    this.#steps = Math.max(this.#steps, place.steps);
    this.#batchInput = batchInputOf(this.#session, feeds);
    this.#scalarsFor = undefined;
    if (place.isFirst) this.#describe(place, feeds);
    if (creation !== undefined && this.#firstStep === UNRECORDED) {
      place.metric(NAMES.createTime.name).log(creation.durationMs, this.#steps);
    }
  }

  #describe(place: SessionPlace, feeds: unknown): void {
    for (const logged of describeSession(place, this.#session, feeds)) {
      const settled = logged.catch((error: unknown) => this.#warn("its model", error));
      this.#late.add(settled);
      void settled.then(() => this.#late.delete(settled));
    }
  }

  #logScalars(step: number, fetches: unknown, outputs: unknown): void {
    const place = this.#place;
    if (place === undefined) return;
    try {
      const { scalars } = this.#options();
      if (this.#scalarsFor !== scalars) {
        this.#scalarsFor = scalars;
        this.#scalars = [];
        this.#scalars = chosenScalars(scalars, this.#session);
      }
      for (const { output, key } of this.#scalars) {
        const value = (outputs as OrtValues)[output];
        const number = scalarOf(value, scalars === "auto");
        if (number === undefined) continue;
        if (!isLeftEmpty(fetches, output, value, number)) place.metric(key).log(number, step);
        else {
          warnOnce(
            "onnxruntime:preallocated",
            `output ${output} is not logged: onnxruntime-web leaves preallocated outputs at zero; let run() make them`,
          );
        }
      }
    } catch (error) {
      this.#warn("a scalar", error);
    }
  }

  #openWindow(): void {
    // Closes the window of a session that runs no more for a while; as long as it runs, `done` does.
    this.#timer = startTimer(() => this.#closeWindow(performance.now()), this.#options().windowSeconds * 1_000);
    this.#timer.unref();
  }

  #logRest(): void {
    this.#logEvaluation();
    this.#closeWindow(performance.now());
  }

  #closeWindow(now: number): void {
    clearTimeout(this.#timer);
    const place = this.#place;
    if (place?.isOpen !== true) return;
    try {
      const step = Math.max(0, this.#steps - 1);
      const rate = this.#scalars.length > 0 ? NAMES.stepsPerSecond.name : NAMES.runsPerSecond.name;
      const summary = this.#window.close(now, rate);
      for (const name in summary) place.metric(name).log(summary[name] as number, step);
      if (this.#optimizerSteps > this.#optimizerStepsLogged) {
        this.#optimizerStepsLogged = this.#optimizerSteps;
        place.metric(NAMES.optimizerSteps.name).log(this.#optimizerSteps, step);
      }
      if (this.#errors.total === this.#errorsLogged) return;
      this.#errorsLogged = this.#errors.total;
      place.metric(NAMES.errors.name).log(this.#errors.total, step);
      place.tag(NAMES.errorMessages.name, this.#errors.toJson());
    } catch (error) {
      this.#warn("a summary", error);
    }
  }

  #logEvaluation(): void {
    const { sum, count } = this.#evaluations;
    if (count === 0) return;
    this.#evaluations = { sum: 0, count: 0 };
    try {
      if (this.#place?.isOpen !== true) return;
      this.#place.metric(NAMES.evalLoss.name).log(sum / count, Math.max(0, this.#steps - 1));
    } catch (error) {
      this.#warn("an evaluation", error);
    }
  }

  #warn(what: string, error: unknown): void {
    warnOnce(`onnxruntime:${what}`, `onnxruntime: ${what} could not be recorded: ${messageOf(error)}`);
  }
}
