import { processState } from "../../queue/spool/owner.ts";
import { processText } from "../../tracking/life/process-tag.ts";
import type { Ticket } from "./tickets.ts";

/** So often it has to be seen that a process is gone: what it sent last may still be on its way. */
const LOOKS_AT_GONE = 3;

/** So many looks at least: a watcher that was stopped itself, for an hour, has seen nothing in that hour. */
const FEWEST_LOOKS = 10;

/** Watches the one before in the queue, by this machine's clock alone. */
export class Silence {
  readonly #staleMs: number;
  #seen = "";
  #silentMs = 0;
  #lookedAt = 0;
  #goneLooks = 0;

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  /** Whether nothing of this has changed for long enough. */
  isStale(signs: string): boolean {
    const now = performance.now();
    if (signs === this.#seen) {
      this.#silentMs += Math.min(now - this.#lookedAt, this.#staleMs / FEWEST_LOOKS);
    } else {
      this.#seen = signs;
      this.#silentMs = 0;
      this.#goneLooks = 0;
    }
    this.#lookedAt = now;
    return this.#silentMs >= this.#staleMs;
  }

  /** The same of a ticket. A process of this machine can be asked for. */
  isDead({ nonce, beat, owner }: Ticket): boolean {
    if (this.isStale(`${nonce} ${beat}`)) return true;
    // Who may not say which process this is may not ask for another one either.
    const canAsk = owner !== undefined && processText() !== undefined;
    const isGone = canAsk && processState(owner, Date.now()) === "gone";
    this.#goneLooks = isGone ? this.#goneLooks + 1 : 0;
    return this.#goneLooks >= LOOKS_AT_GONE;
  }
}
