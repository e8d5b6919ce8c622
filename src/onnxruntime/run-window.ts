import { LatencyHistogram } from "./latency-histogram.ts";
import { NAMES } from "./names.ts";

/** Values by the names they are logged under. */
export type Summary = Record<string, number>;

/** What a window counts, from the first run that begins in it to its close. Times are milliseconds of `performance.now`. */
export class RunWindow {
  readonly #latency = new LatencyHistogram();
  readonly #overall = new LatencyHistogram();
  #openedAt = Number.NaN;
  #runs = 0;
  #examples = 0;

  get runs(): number {
    return this.#runs;
  }

  /** When the window opened; NaN before the first run. */
  get openedAt(): number {
    return this.#openedAt;
  }

  /** A run begins. Answers whether it opens the window. */
  begin(now: number): boolean {
    if (this.#openedAt <= now) return false;
    this.#openedAt = now;
    return true;
  }

  /**
   * A run has succeeded.
   *
   * @param examples - In its batch; 0 where that is not known.
   */
  count(examples: number): void {
    this.#runs++;
    this.#examples += examples;
  }

  /** How long a run took that succeeded. */
  time(durationMs: number): void {
    this.#latency.record(durationMs);
  }

  /** What the window saw, nothing if no run has succeeded in it; the next run opens a new one. */
  close(now: number, rate: string): Summary {
    const seconds = (now - this.#openedAt) / 1_000;
    const summary: Summary = {};
    if (this.#latency.count > 0) {
      this.#overall.merge(this.#latency);
      summary[NAMES.latencyP50.name] = this.#latency.percentileMs(50);
      summary[NAMES.latencyP95.name] = this.#latency.percentileMs(95);
      summary[NAMES.latencyP99.name] = this.#latency.percentileMs(99);
      summary[NAMES.latencyMean.name] = this.#latency.meanMs;
      summary[NAMES.latencyMax.name] = this.#latency.maxMs;
      summary[NAMES.overallP50.name] = this.#overall.percentileMs(50);
      summary[NAMES.overallP95.name] = this.#overall.percentileMs(95);
      summary[NAMES.overallP99.name] = this.#overall.percentileMs(99);
    }
    if (this.#runs > 0 && seconds > 0) summary[rate] = this.#runs / seconds;
    if (this.#examples > 0) {
      summary[NAMES.batchSize.name] = this.#examples / this.#runs;
      if (seconds > 0) summary[NAMES.examplesPerSecond.name] = this.#examples / seconds;
    }
    this.#latency.reset();
    this.#openedAt = Number.NaN;
    this.#runs = 0;
    this.#examples = 0;
    return summary;
  }
}
