import { log } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { Queue, type QueueOptions } from "./queue.ts";
import { Tickets } from "./tickets.ts";
import { lockLost, type Turn } from "./turn.ts";

/**
 * Syncs to one store, one after the other, in the order in which they came. What keeps them apart is in the store itself: each has a ticket,
 * watches the one before its own, and takes that away when it shows no sign of life.
 */
export class Turns {
  readonly #options: QueueOptions;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Works when it is this sync's turn. `undefined` stands for a turn where the store does not let this user make what it takes: there, nothing
   * can keep syncs apart.
   *
   * @throws {TidemarkError} `LOCK_LOST`; `PERMISSION_DENIED` where the way is blocked by what only others may take away; `CANCELLED`; what
   * the work throws
   */
  async hold<T>(signal: AbortSignal, work: (turn: Turn | undefined, signal: AbortSignal) => Promise<T>): Promise<T> {
    const nonce = newId();
    const tickets = new Tickets(this.#options.registry, nonce);
    let turn: Turn | undefined;
    try {
      turn = await new Queue(this.#options, tickets, nonce).wait(signal);
      if (turn === undefined) return await work(undefined, signal);
      const result = await work(turn, AbortSignal.any([signal, turn.loss]));
      await turn.confirm();
      return result;
    } catch (error) {
      if (turn?.loss.aborted && !signal.aborted) throw lockLost({ cause: error });
      throw error;
    } finally {
      await this.#leave(tickets, turn);
    }
  }

  /** Never throws: a ticket that is left is taken away by the next sync. */
  async #leave(tickets: Tickets, turn: Turn | undefined): Promise<void> {
    try {
      await (turn === undefined ? tickets.leave() : turn.end());
    } catch (error) {
      if (error instanceof TidemarkError && error.code === "LOCK_LOST") return;
      log("warn", `the next sync may have to wait: this one could not say that it has ended: ${messageOf(error)}`);
    }
  }
}
