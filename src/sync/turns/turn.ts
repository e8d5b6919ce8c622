import { TidemarkError } from "../../base/errors.ts";
import type { Tickets } from "./tickets.ts";

/** How fast syncs that wait for each other are. */
export interface TurnPace {
  /** Whoever shows no sign of life for so long is taken for dead. */
  readonly staleMs: number;
  /** Signs of life are that far apart. */
  readonly beatMs: number;
  /** How often one that waits looks. */
  readonly pollMs: number;
}

export const TURN_PACE: TurnPace = { staleMs: 60_000, beatMs: 10_000, pollMs: 1_000 };

/**
 * The right to write to a target, which a sync has until it ends. Others take it away from a process that shows no sign of life for a minute:
 * one that goes on after that, because it was stopped or cut off, finds out before it writes.
 */
export class Turn {
  readonly #tickets: Tickets;
  readonly #nonce: string;
  readonly #pace: TurnPace;
  readonly #loss = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #confirmedAt: Moment;
  #renewing: Promise<void> | undefined;

  /** @param confirmedAt - Just before the sign of life with which it began. */
  constructor(tickets: Tickets, nonce: string, pace: TurnPace, confirmedAt: Moment) {
    this.#tickets = tickets;
    this.#nonce = nonce;
    this.#pace = pace;
    this.#confirmedAt = confirmedAt;
    // Whether it has been lost is in the signal; a store that does not answer is asked again.
    this.#timer = setInterval(() => void this.renew().catch(() => {}), pace.beatMs);
    // What is at work keeps the process alive, not this.
    this.#timer.unref();
  }

  /** Aborts when the turn is found to be lost. */
  get loss(): AbortSignal {
    return this.#loss.signal;
  }

  /**
   * To be called before something is written that two must not write. Asks the store only where nothing was heard of it for half the time
   * after which others take over: what is sent now has the other half to arrive.
   *
   * @throws {TidemarkError} `LOCK_LOST`; what keeps the store from answering
   */
  async confirm(): Promise<void> {
    if (this.#loss.signal.aborted) throw lockLost();
    if (msSince(this.#confirmedAt) * 2 >= this.#pace.staleMs) await this.renew();
  }

  /**
   * Shows a sign of life.
   *
   * @throws {TidemarkError} `LOCK_LOST`; what keeps the store from answering
   */
  async renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    // The sign of life comes later than this, and others count from when they see it.
    const asked = thisMoment();
    const [first] = await this.#tickets.list();
    const isOurs = first?.nonce === this.#nonce && (await this.#tickets.beat(first.number));
    if (!isOurs) {
      this.#loss.abort();
      throw lockLost();
    }
    this.#confirmedAt = asked;
  }

  /** Lets the next one begin. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => {});
    await this.confirm();
    await this.#tickets.leave();
  }
}

/** The turn was taken by another sync. */
export const lockLost = (options: { readonly cause?: unknown } = {}): TidemarkError =>
  new TidemarkError(
    "LOCK_LOST",
    "another sync has gone on in place of this one, which showed no sign of life: start it again, it goes on where it was",
    options,
  );

/** A moment by two clocks: one that nobody sets, and one that goes on while the machine sleeps. */
export interface Moment {
  readonly steady: number;
  readonly wall: number;
}

export const thisMoment = (): Moment => ({ steady: performance.now(), wall: Date.now() });

/** The longer time of the two. */
const msSince = ({ steady, wall }: Moment): number => Math.max(performance.now() - steady, Math.abs(Date.now() - wall));
