import type { TidemarkError } from "../base/errors.ts";
import type { Batch } from "../contract/batch.ts";
import type { Outcome } from "../contract/outcome.ts";
import { countEntries } from "../queue/count-entries.ts";

type Positions = Record<"metrics" | "params" | "tags" | "inputs" | "marks", number[]>;

const noPositions = (): Positions => ({ metrics: [], params: [], tags: [], inputs: [], marks: [] });

/** What becomes of a batch, entry by entry. */
export class WriteReport {
  readonly #size: number;
  #settled = 0;
  readonly #accepted = noPositions();
  readonly #rejected = noPositions();
  #refusal: TidemarkError | undefined;
  #trouble: TidemarkError | undefined;
  #retryAfterMs: number | undefined;
  /** Trouble with one file, which says how long to wait for it, says nothing of the others; trouble with the disk does. */
  canGoOn = true;

  constructor(batch: Batch) {
    this.#size = countEntries(batch);
  }

  /** True where all but so many entries is accepted or rejected. */
  isSettledBut(count: number): boolean {
    return this.#settled === this.#size - count;
  }

  /** True where everything was accepted. */
  get isComplete(): boolean {
    return this.#settled === this.#size && this.#refusal === undefined;
  }

  accept(kind: keyof Positions, position: number): void {
    this.#settled++;
    this.#accepted[kind].push(position);
  }

  reject(kind: keyof Positions, position: number, error: TidemarkError): void {
    this.#settled++;
    this.#rejected[kind].push(position);
    this.#refusal ??= error;
  }

  acceptMetrics(positions: Uint32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.accept("metrics", positions[i] as number);
  }

  rejectMetrics(positions: Uint32Array, from: number, to: number, error: TidemarkError): void {
    for (let i = from; i < to; i++) this.reject("metrics", positions[i] as number, error);
  }

  retry(error: TidemarkError, retryAfterMs?: number): void {
    this.#trouble ??= error;
    if (retryAfterMs === undefined) this.canGoOn = false;
    else this.#retryAfterMs = Math.max(retryAfterMs, this.#retryAfterMs ?? 0);
  }

  /** Of a write that is not complete. */
  outcome(): Outcome {
    const accepted = ascending(this.#accepted);
    // What is neither accepted nor rejected comes again at once, and then meets its trouble again.
    if (this.#refusal !== undefined) {
      return { status: "permanent", error: this.#refusal, accepted, rejected: ascending(this.#rejected) };
    }
    return {
      status: "retryable",
      error: this.#trouble as TidemarkError,
      accepted,
      ...(this.#retryAfterMs === undefined ? {} : { retryAfterMs: this.#retryAfterMs }),
    };
  }
}

function ascending(positions: Positions): Positions {
  positions.metrics.sort((a, b) => a - b);
  return positions;
}
