import type { MetricHandle } from "../tracking/metric-logger.ts";
import type { Run } from "../tracking/run.ts";
import type { Guard } from "./guard.ts";
import { metricName } from "./names.ts";
import { type Logs, type Namespace, readsNow, type Tensor } from "./tensorflow.ts";

/** Takes the same numbers as the run, for TensorBoard. */
export interface ScalarWriter {
  /** @param wallTimeMs - Default: now. */
  scalar(tag: string, value: number, step: number, wallTimeMs?: number): void;
  close(): void;
}

interface Series {
  readonly key: string;
  readonly handle: MetricHandle;
}

// What `logs` hold beside metrics.
const NO_METRICS: ReadonlySet<string> = new Set(["batch", "size"]);

/** Brings what TensorFlow.js measures into a run: by Keras's names, read while the tensors live. */
export class MetricRecorder {
  readonly #run: Run;
  readonly #tf: Namespace;
  readonly #guard: Guard;
  readonly #writer: ScalarWriter | undefined;
  readonly #series = new Map<string, Series | undefined>();
  readonly #pending = new Set<Promise<void>>();

  constructor(run: Run, tf: Namespace, guard: Guard, writer: ScalarWriter | undefined) {
    this.#run = run;
    this.#tf = tf;
    this.#guard = guard;
    this.#writer = writer;
  }

  /** Logs one value under a name that is MLflow's already. */
  log(name: string, value: number, step: number): void {
    if (this.#isOpen()) this.#log(this.#seriesOf("", name), value, step);
  }

  /** Logs everything in `logs` but position and size. `prefix` stands before Keras's name. */
  logAll(logs: Logs, prefix: string, step: number): void {
    for (const label in logs) {
      if (NO_METRICS.has(label)) continue;
      this.logTensor(prefix, label, logs[label] as number | Tensor, step);
    }
  }

  logTensor(prefix: string, label: string, value: number | Tensor, step: number): void {
    if (!this.#isOpen()) return;
    const series = this.#seriesOf(prefix, label);
    if (series === undefined) return;
    if (typeof value === "number") this.#log(series, value, step);
    else if (readsNow(this.#tf)) this.#log(series, value.dataSync()[0] as number, step);
    else this.#logLater(series, value, step);
  }

  /** Waits for values that a device still has. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  close(): void {
    this.#guard.attempt("writing TensorBoard's events", () => this.#writer?.close());
  }

  #isOpen(): boolean {
    if (this.#run.status === "RUNNING") return true;
    this.#guard.warn("logging metrics", `run ${this.#run.id} has ended`);
    return false;
  }

  #log(series: Series | undefined, value: number, step: number): void {
    if (series === undefined) return;
    series.handle.log(value, step);
    this.#writer?.scalar(series.key, value, step);
  }

  #logLater(series: Series, value: Tensor, step: number): void {
    // Asked for now, while the tensor lives: a device answers although it is disposed meanwhile.
    const logged = this.#guard
      .attemptAsync("reading a metric", async () => this.#log(series, (await value.data())[0] as number, step))
      .then(() => {
        this.#pending.delete(logged);
      });
    this.#pending.add(logged);
  }

  /** `undefined` for a key that the run cannot take. */
  #seriesOf(prefix: string, label: string): Series | undefined {
    const known = this.#series.get(prefix + label);
    if (known !== undefined || this.#series.has(prefix + label)) return known;
    const key = prefix + metricName(label);
    const handle = this.#guard.attempt(`metric ${key}`, () => this.#run.metric(key));
    const series = handle === undefined ? undefined : { key, handle };
    this.#series.set(prefix + label, series);
    return series;
  }
}
