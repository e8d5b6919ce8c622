import { truncate } from "../base/text.ts";
import type { LeftOut, Pair } from "./payload.ts";

/** Where what is not in the report is written down. */
export class Omissions {
  readonly all: LeftOut[] = [];
  readonly #maxTextLength: number;

  constructor(maxTextLength: number) {
    this.#maxTextLength = maxTextLength;
  }

  add(omission: LeftOut): void {
    this.all.push({ ...omission, name: truncate(omission.name, this.#maxTextLength) });
  }

  /** A text as the page shows it, and a note where that is not all of it. */
  text(text: string, runId: string, name: string): string {
    const shown = this.cut(text);
    if (shown !== text) this.add({ what: "text", runId, name, why: `has ${text.length} characters` });
    return shown;
  }

  /** The same without a note, for what is not worth one. */
  cut(text: string): string {
    const shown = truncate(text, this.#maxTextLength);
    return shown === text ? text : `${shown} (${text.length} characters)`;
  }

  pairs(record: Readonly<Record<string, string>>, runId: string, kind: string): Pair[] {
    return Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [this.cut(key), this.text(value, runId, `${kind} ${key}`)]);
  }
}
