/** Who is silent that long may be taken for dead. */
const PAUSE_MS = 10_000;
/** Others can be wrong about a run that writes, too. */
const LOOK_EVERY_MS = 60_000;
/** Between two looks, whatever becomes of them. */
const SHORTEST_WAIT_MS = 10_000;

/**
 * Notices, for a run that logs, when somebody has taken it for dead: by a look at the backend when it goes on after a pause, and once a minute.
 * Asked at every hand-over, which takes nanoseconds where no look is due.
 */
export class ReapWatch {
  readonly #look: (isWanted: () => boolean) => Promise<void>;
  // All by Date.now: a machine that sleeps is silent too.
  #handedOverAt = Date.now();
  #lookedAt = Date.now();
  #triedAt = 0;
  #isLooking = false;
  #mayBeReaped = false;
  #isOver = false;

  /** @param look - Undoes what a reaper has done, if one has, and if that is still wanted. */
  constructor(look: (isWanted: () => boolean) => Promise<void>) {
    this.#look = look;
  }

  noteHandOver(): void {
    const now = Date.now();
    this.#note(now);
    this.#handedOverAt = now;
    if (this.#mayBeReaped && !this.#isOver && !this.#isLooking && now - this.#triedAt >= SHORTEST_WAIT_MS)
      void this.#lookNow(now);
  }

  /** The run ends now. Answers whether somebody may have ended it before, and its process has not looked since. */
  stop(): boolean {
    this.#isOver = true;
    this.#note(Date.now());
    return this.#mayBeReaped;
  }

  #note(now: number): void {
    this.#mayBeReaped ||= now - this.#handedOverAt >= PAUSE_MS || now - this.#lookedAt >= LOOK_EVERY_MS;
  }

  async #lookNow(now: number): Promise<void> {
    this.#triedAt = now;
    this.#isLooking = true;
    try {
      await this.#look(() => !this.#isOver);
      this.#lookedAt = Date.now();
      this.#mayBeReaped = false;
    } catch {
      // The backend is away, or the run is gone: what logs will say so. The next hand-over tries again.
    } finally {
      this.#isLooking = false;
    }
  }
}
