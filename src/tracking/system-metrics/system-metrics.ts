import { clearTimeout, setTimeout as startTimer } from "node:timers";
import { log, warnOnce } from "../../base/diagnostics.ts";
import { readEnv } from "../../base/env.ts";
import { messageOf, systemCodeOf, TidemarkError } from "../../base/errors.ts";
import { cpuReader } from "./cpu.ts";
import { diskReader } from "./disk.ts";
import { memoryReader } from "./memory.ts";
import { networkReader } from "./network.ts";
import type { Reader } from "./reader.ts";

/** Metrics of the machine that are being logged. */
export interface SystemMetrics {
  stop(): void;
  /** Samples now if the interval has passed: for callers who run while the event loop is blocked. */
  sampleIfDue(): void;
}

/** What {@link startSystemMetrics} needs. */
export interface SystemMetricsOptions {
  /** Takes one sample. When it throws, the sampling ends: after `RUN_ENDED` quietly. */
  readonly log: (metrics: Record<string, number>) => void;
  /** Default 10 s. `MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL`, in seconds, wins as in MLflow. */
  readonly intervalMs?: number;
}

const DEFAULT_INTERVAL_MS = 10_000;
const INTERVAL_VARIABLE = "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL";
/** Longer timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Logs processor, memory, disk and network use of the machine under MLflow's names, `system/cpu_utilization_percentage` and so
 * on, with `MLFLOW_SYSTEM_METRICS_NODE_ID` in between if it is set. The first sample is one interval after the start. What the
 * platform doesn't tell is left out. Never keeps the process alive.
 */
export function startSystemMetrics(options: SystemMetricsOptions): SystemMetrics {
  return new Sampler(options.log, chosenInterval(options.intervalMs));
}

class Sampler implements SystemMetrics {
  readonly #log: (metrics: Record<string, number>) => void;
  readonly #intervalMs: number;
  readonly #prefix: string;
  readonly #readers: Set<Reader>;
  #dueAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(logMetrics: (metrics: Record<string, number>) => void, intervalMs: number) {
    const node = readEnv("MLFLOW_SYSTEM_METRICS_NODE_ID");
    this.#log = logMetrics;
    this.#intervalMs = intervalMs;
    this.#prefix = node === undefined ? "system/" : `system/${node}/`;
    this.#readers = new Set([cpuReader, memoryReader, diskReader, networkReader].flatMap(started));
    this.#dueAt = performance.now() + intervalMs;
    this.#armTimer();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  sampleIfDue(): void {
    const now = performance.now();
    if (this.#timer === undefined || now < this.#dueAt) return;
    // First, because logging may lead back here.
    this.#dueAt = now + this.#intervalMs;
    try {
      const metrics = this.#read();
      // Nothing may be read here (Deno without permissions): then there is nothing to wait for either.
      if (this.#readers.size === 0) this.stop();
      else this.#log(metrics);
    } catch (error) {
      this.stop();
      if (error instanceof TidemarkError && error.code === "RUN_ENDED") return;
      warnOnce("system-metrics", `system metrics are no longer logged: ${messageOf(error)}`);
    }
  }

  #read(): Record<string, number> {
    const metrics: Record<string, number> = {};
    for (const reader of this.#readers) {
      try {
        const values = reader();
        for (const name in values) metrics[this.#prefix + name] = values[name] as number;
      } catch (error) {
        // Not tried again: on Deno each attempt may ask the person at the terminal for a permission.
        this.#readers.delete(reader);
        tellUnreadable(error);
      }
    }
    return metrics;
  }

  #armTimer(): void {
    this.#timer = startTimer(() => {
      this.sampleIfDue();
      if (this.#timer !== undefined) this.#armTimer();
    }, this.#dueAt - performance.now());
    this.#timer.unref();
  }
}

function started(start: () => Reader): Reader[] {
  try {
    return [start()];
  } catch (error) {
    tellUnreadable(error);
    return [];
  }
}

/** What the platform does not tell is no trouble; what Deno may not tell, somebody may want to allow. */
function tellUnreadable(error: unknown): void {
  const message = `a system metric cannot be read: ${messageOf(error)}`;
  if (systemCodeOf(error) === "ENOTCAPABLE") warnOnce("system-metrics:permission", message);
  else log("debug", message);
}

function chosenInterval(intervalMs = DEFAULT_INTERVAL_MS): number {
  const text = readEnv(INTERVAL_VARIABLE);
  if (text === undefined) return Math.min(intervalMs, LONGEST_TIMER_MS);
  const seconds = Number(text);
  if (seconds > 0) return Math.min(seconds * 1_000, LONGEST_TIMER_MS);
  warnOnce(`env:${INTERVAL_VARIABLE}`, `${INTERVAL_VARIABLE} is ignored: ${text} is not a number of seconds above 0`);
  return Math.min(intervalMs, LONGEST_TIMER_MS);
}
