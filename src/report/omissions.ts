import { isLongerThan, truncate, UNSAFE_CHARACTERS } from "../base/text.ts";
import type { LeftOut, Pair } from "./payload.ts";

/** Where what is not in the report is written down. */
export class Omissions {
  readonly all: LeftOut[] = [];
  readonly #maxTextLength: number;

  constructor(maxTextLength: number) {
    this.#maxTextLength = maxTextLength;
  }

  /** Answers `undefined`, for callers who have nothing else to answer then. */
  add(omission: LeftOut): undefined {
    this.all.push({ ...omission, name: this.cut(omission.name) });
  }

  /** A text as the page shows it, and a note where that is not all of it. */
  text(text: string, runId: string, name: string): string {
    if (isLongerThan(text, this.#maxTextLength)) {
      this.add({ what: "text", runId, name, why: `has ${text.length} characters` });
    }
    return this.cut(text);
  }

  /** The same without a note, for what is not worth one. */
  cut(text: string): string {
    const shown = truncate(text, this.#maxTextLength);
    return shown === text ? readable(text) : `${readable(shown)} (${text.length} characters)`;
  }

  pairs(record: Readonly<Record<string, string>>, runId: string, kind: string): Pair[] {
    return Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [this.cut(key), this.text(value, runId, `${kind} ${key}`)]);
  }
}

/** A text in the order in which it is: what would turn it around is replaced. Lines stay lines. */
const readable = (text: string): string =>
  text.replace(UNSAFE_CHARACTERS, (character) => (/[\n\t]/.test(character) ? character : "\ufffd"));
