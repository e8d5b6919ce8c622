import { setTimeout as sleep } from "node:timers/promises";
import { warnOnce } from "../../base/diagnostics.ts";
import { TidemarkError } from "../../base/errors.ts";
import { ownRandom } from "../../base/random.ts";
import { refuseIfAborted } from "../../base/store-errors.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import type { SyncHolder } from "../sync-options.ts";
import { Silence } from "./silence.ts";
import { type Draw, isCollision, type Ticket, type Tickets, TURNS_NAME } from "./tickets.ts";
import { Turn, type TurnPace, thisMoment } from "./turn.ts";

/** Another one is met there each time: then many come at once. */
const MOST_DRAWS = 20;

/** What a queue of syncs needs to know of the one that joins it. */
export interface QueueOptions {
  readonly registry: RegistryStore;
  /** Of the target, for people. */
  readonly uri: string;
  readonly pace: TurnPace;
  /** Called when there is somebody to wait for, and when that is another one. */
  readonly onWaiting: (holder: SyncHolder) => void;
}

/** One sync in the queue of those to one store. */
export class Queue {
  readonly #options: QueueOptions;
  readonly #tickets: Tickets;
  readonly #nonce: string;
  readonly #before: Silence;
  readonly #all: Silence;
  #draws = 0;
  #refusal: unknown;
  #shownAt = performance.now();
  #waitsFor: string | undefined;

  constructor(options: QueueOptions, tickets: Tickets, nonce: string) {
    this.#options = options;
    this.#tickets = tickets;
    this.#nonce = nonce;
    this.#before = new Silence(options.pace.staleMs);
    this.#all = new Silence(options.pace.staleMs);
  }

  /** Waits for the turn. Answers `undefined` where the store has none for this user. */
  async wait(signal: AbortSignal): Promise<Turn | undefined> {
    for (;;) {
      refuseIfAborted(signal);
      const looked = thisMoment();
      const all = await this.#tickets.list();
      const [own, ...doubles] = all.filter(({ nonce }) => nonce === this.#nonce);
      // The answer to a first try was lost, or came late.
      for (const { number } of doubles) await this.#tickets.drop(number);
      if (own !== undefined) this.#draws = 0;
      if (own === undefined) {
        const draw = await this.#draw(signal);
        if (draw === "not allowed here") return this.#doWithout();
        if (draw === "not allowed behind others") await this.#waitOutside(all, signal);
      } else if (all[0] !== own) {
        await this.#waitBehind(all, own, signal);
      } else if (await this.#tickets.beat(own.number)) {
        return new Turn(this.#tickets, this.#nonce, this.#options.pace, looked);
      }
    }
  }

  /** What was drawn is in the list, unless the whole queue was taken away at this moment, or the store is none for this. */
  async #draw(signal: AbortSignal): Promise<Draw> {
    if (this.#draws > 0) await this.#pause(signal, ownRandom());
    if (++this.#draws > MOST_DRAWS) throw this.#refusal ?? notListed(this.#options.uri);
    try {
      return await this.#tickets.draw();
    } catch (error) {
      if (!isCollision(error)) throw error;
      this.#refusal = error;
      return "drawn";
    }
  }

  async #waitBehind(all: readonly Ticket[], own: Ticket, signal: AbortSignal): Promise<void> {
    this.#say(all[0] as Ticket);
    const before = all[all.indexOf(own) - 1] as Ticket;
    if (this.#before.isDead(before)) {
      await this.#tickets.drop(before.number);
      return;
    }
    const { beatMs } = this.#options.pace;
    if (performance.now() - this.#shownAt >= beatMs) {
      this.#shownAt = performance.now();
      await this.#tickets.beat(own.number);
    }
    await this.#pause(signal);
  }

  /** Another user's sync is there, behind which this one may not stand. */
  async #waitOutside(all: readonly Ticket[], signal: AbortSignal): Promise<void> {
    this.#draws = 0;
    const [first] = all;
    if (first !== undefined) this.#say(first);
    if (this.#all.isStale(JSON.stringify(all))) {
      const message = `${this.#options.uri} has a registered model ${TURNS_NAME} of another user's sync, which was killed or cannot be seen: who may do that has to delete it, or to sync once`;
      throw new TidemarkError("PERMISSION_DENIED", message);
    }
    await this.#pause(signal);
  }

  #say({ nonce, owner, drawnAt }: Ticket): void {
    if (this.#waitsFor === nonce) return;
    this.#waitsFor = nonce;
    this.#options.onWaiting({
      ...(owner === undefined ? {} : { host: owner.host, pid: owner.pid }),
      since: drawnAt,
    });
  }

  #doWithout(): undefined {
    const { uri } = this.#options;
    const message = `${uri} lets this user register no models: nothing keeps other syncs to it from writing at the same time`;
    warnOnce(`turns:${uri}`, message);
    return undefined;
  }

  async #pause(signal: AbortSignal, times = 1): Promise<void> {
    await sleep(this.#options.pace.pollMs * times, undefined, { signal }).catch(() => {});
  }
}

const notListed = (uri: string): TidemarkError =>
  new TidemarkError(
    "INVALID_STATE",
    `${uri} numbers versions of ${TURNS_NAME} that it does not list: syncs cannot wait for each other there`,
  );
