import { log } from "../../base/diagnostics.ts";
import { messageOf } from "../../base/errors.ts";

/** Work that nobody waits for, except whoever closes the store. What fails there is done by somebody else later. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  run(what: string, work: () => Promise<unknown>): void {
    if (this.#isClosed) return;
    const running = work()
      .catch((error: unknown) => log("debug", `${what}: ${messageOf(error)}`))
      .then(() => {
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** Nothing is begun any more, and all that was has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#running);
  }
}
