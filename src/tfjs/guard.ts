import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";

/** Keeps what fails here away from the training: it is said once per cause, and the training goes on. */
export class Guard {
  readonly #isSilent: () => boolean;

  constructor(isSilent: () => boolean) {
    this.#isSilent = isSilent;
  }

  /** Answers what `body` answers, and `undefined` where it throws. */
  attempt<T>(what: string, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      this.warn(what, messageOf(error));
      return undefined;
    }
  }

  /** The same for what takes waiting. The promise never rejects. */
  async attemptAsync<T>(what: string, body: () => Promise<T>): Promise<T | undefined> {
    try {
      return await body();
    } catch (error) {
      this.warn(what, messageOf(error));
      return undefined;
    }
  }

  warn(what: string, problem: string): void {
    if (this.#isSilent()) return;
    warnOnce(`tfjs:${what}:${problem}`, `autolog of TensorFlow.js: ${what}: ${problem}; the training goes on`);
  }
}
