import { setInterval } from "node:timers";
import { TidemarkError } from "../base/errors.ts";

/** Somebody who waits until everything before a position is settled. */
interface Waiter {
  /** Entries appended when the wait began: all of these must be settled. */
  readonly target: number;
  readonly startedAt: number;
  readonly acceptSpooled: boolean;
  readonly keepsProcessAlive: boolean;
  /** Fires when nothing has been settled for too long. */
  readonly silence: NodeJS.Timeout | undefined;
  settle(error: TidemarkError | undefined): void;
}

/** How a caller limits a wait. */
export interface WaitLimits {
  readonly timeoutMs?: number | undefined;
  /** How long nothing at all may be settled. */
  readonly silenceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly acceptSpooled?: boolean;
  /** False for work that nobody asked for: the process may end between two attempts. Default true. */
  readonly keepsProcessAlive?: boolean;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The pending flushes of one queue. While there is one, a timer keeps the process alive: Node would otherwise exit in the middle
 * of an awaited flush whose retry timer is unref'd.
 */
export class FlushWaiters {
  readonly #waiting = new Set<Waiter>();
  #keepAlive: NodeJS.Timeout | undefined;

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Whether somebody waits for exactly what comes before a position. */
  isAwaited(position: number): boolean {
    for (const { target } of this.#waiting) if (target === position) return true;
    return false;
  }

  wait(target: number, limits: WaitLimits): Promise<void> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, silenceMs, signal, acceptSpooled = false, keepsProcessAlive = true } = limits;
      const timer = startTimer(timeoutMs, () =>
        waiter.settle(new TidemarkError("DEADLINE_EXCEEDED", `the flush took longer than ${timeoutMs} ms`)),
      );
      const silence = startTimer(silenceMs, () =>
        waiter.settle(new TidemarkError("DEADLINE_EXCEEDED", `the backend has taken nothing for ${silenceMs} ms`)),
      );
      const waiter: Waiter = {
        target,
        startedAt: performance.now(),
        acceptSpooled,
        keepsProcessAlive,
        silence,
        settle: (error) => {
          this.#waiting.delete(waiter);
          clearTimeout(timer);
          clearTimeout(silence);
          signal?.removeEventListener("abort", onAbort);
          this.#keepProcessAlive();
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const onAbort = () =>
        waiter.settle(new TidemarkError("CANCELLED", "the flush was cancelled", { cause: signal?.reason }));
      this.#waiting.add(waiter);
      this.#keepProcessAlive();
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Settles those for whom everything has arrived. */
  arrived(settledTo: number, isAllSpooled: boolean): void {
    for (const waiter of [...this.#waiting]) {
      if (waiter.target <= settledTo || (waiter.acceptSpooled && isAllSpooled)) waiter.settle(undefined);
    }
  }

  /** Something was settled: whoever waits for a sign has one. */
  progressed(): void {
    for (const { silence } of this.#waiting) silence?.refresh();
  }

  /** Gives up on those who have waited longer than the retry budget. */
  attemptFailed(budgetMs: number, makeError: () => TidemarkError): void {
    const now = performance.now();
    for (const waiter of [...this.#waiting]) if (now - waiter.startedAt >= budgetMs) waiter.settle(makeError());
  }

  #keepProcessAlive(): void {
    const isAsked = [...this.#waiting].some((waiter) => waiter.keepsProcessAlive);
    if (isAsked) this.#keepAlive ??= setInterval(() => {}, LONGEST_TIMER_MS);
    else {
      clearInterval(this.#keepAlive);
      this.#keepAlive = undefined;
    }
  }
}

const startTimer = (afterMs: number | undefined, callback: () => void): NodeJS.Timeout | undefined =>
  afterMs === undefined ? undefined : setTimeout(callback, Math.min(afterMs, LONGEST_TIMER_MS));
