import { setTimeout as sleep } from "node:timers/promises";

/** Keys whose last write is longer ago are forgotten when there are this many. */
const MOST_REMEMBERED = 10_000;

/**
 * Keeps a process from writing one key too often: some storages take one write a second of a key, and answer 429 to more. Changes that
 * come meanwhile are written together.
 */
export class WritePacer {
  readonly #intervalMs: number;
  readonly #freeAt = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Settles when the key may be written. */
  async turn(key: string): Promise<void> {
    const waitMs = (this.#freeAt.get(key) ?? 0) - performance.now();
    if (waitMs > 0) await sleep(waitMs);
  }

  written(key: string): void {
    if (this.#intervalMs === 0) return;
    const now = performance.now();
    if (this.#freeAt.size >= MOST_REMEMBERED) {
      for (const [other, freeAt] of this.#freeAt) if (freeAt <= now) this.#freeAt.delete(other);
    }
    this.#freeAt.delete(key);
    this.#freeAt.set(key, now + this.#intervalMs);
  }
}
