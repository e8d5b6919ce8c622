import { redact } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import { truncate } from "../base/text.ts";

const MOST_MESSAGES = 20;
// Twenty of them as JSON, every character escaped, still fit into a tag.
const LONGEST_MESSAGE = 150;
const OTHERS = "(others)";

/** Errors counted by what they say. */
export class ErrorCounts {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  count(error: unknown): void {
    this.#total++;
    const message = truncate(redact(messageOf(error)).replace(/[\p{Cc}\p{Cs}]+/gu, " "), LONGEST_MESSAGE);
    const key = this.#counts.has(message) || this.#counts.size < MOST_MESSAGES ? message : OTHERS;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** JSON: how often each message came. Always short enough for a tag. */
  toJson(): string {
    return JSON.stringify(Object.fromEntries(this.#counts));
  }
}
