import { describe, TidemarkError } from "../base/errors.ts";

/** A piece of a search expression. */
export type Token = { readonly position: number; readonly text: string } & (
  | { readonly type: "identifier"; readonly parts: readonly IdentifierPart[] }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "operator" | "punctuation" | "end" }
);

/** Between the dots of an identifier. */
export interface IdentifierPart {
  /** Without its quotes. */
  readonly name: string;
  readonly quote: "`" | '"' | "'" | undefined;
}

const WHITESPACE = /\s+/y;
const BARE_NAME = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_$#]*/uy;
// A number ends where a name could go on: `1abc` is neither.
const NUMBER = /-?(?:\d*\.\d+|\d+\.?)(?:[eE]-?\d+)?(?![\p{L}\p{N}_.])/uy;
const OPERATOR = /[<>=!~]+/y;

/**
 * Cuts a search expression into tokens, one at a time, and says where in the text something is wrong. Quoting is MLflow's: names in
 * backticks or double quotes, texts in single or double quotes; behind a dot all three make names. Time is linear in the length of the text, whatever it is.
 */
export class Scanner {
  readonly text: string;
  /** The argument the text was given as, for messages. */
  readonly argument: string;
  #position = 0;

  constructor(argument: string, text: string) {
    this.argument = argument;
    this.text = text;
  }

  /** The next token. At the end of the text it is an "end" for ever. */
  next(): Token {
    this.#take(WHITESPACE);
    const position = this.#position;
    const character = this.text[position];
    if (character === undefined) return { type: "end", position, text: "" };
    if (character === "'") {
      const value = this.#quoted("'");
      return { type: "string", position, text: this.text.slice(position, this.#position), value };
    }
    const number = this.#take(NUMBER);
    if (number !== undefined) return { type: "number", position, text: number, value: Number(number) };
    const operator = this.#take(OPERATOR);
    if (operator !== undefined) return { type: "operator", position, text: operator };
    const parts = this.#identifier();
    if (parts !== undefined) {
      return { type: "identifier", position, text: this.text.slice(position, this.#position), parts };
    }
    this.#position = position + (character >= "\ud800" && character < "\udc00" ? 2 : 1);
    return { type: "punctuation", position, text: this.text.slice(position, this.#position) };
  }

  /** What is wrong at a place, for the caller to throw. */
  error(position: number, problem: string): TidemarkError {
    const message = `${this.argument}: ${problem} at character ${position + 1} of ${describe(this.text)}`;
    return new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: this.argument, position } });
  }

  #identifier(): IdentifierPart[] | undefined {
    const parts: IdentifierPart[] = [];
    for (;;) {
      const part = this.#part();
      if (part === undefined) {
        if (parts.length === 0) return undefined;
        throw this.error(this.#position, "a name is missing behind the dot");
      }
      parts.push(part);
      if (this.text[this.#position] !== ".") return parts;
      this.#position++;
    }
  }

  #part(): IdentifierPart | undefined {
    const quote = this.text[this.#position];
    if (quote === "`" || quote === '"' || quote === "'") return { name: this.#quoted(quote), quote };
    const name = this.#take(BARE_NAME);
    return name === undefined ? undefined : { name, quote: undefined };
  }

  /**
   * The text between two quotes, as it stands there. A doubled quote and one behind a backslash don't end it, unless no other does:
   * then the last of them.
   */
  #quoted(quote: string): string {
    const start = this.#position + 1;
    let fallback = -1;
    let at = start;
    for (; at < this.text.length; at++) {
      const character = this.text[at];
      const next = this.text[at + 1];
      if (character === "\\" && next === quote) fallback = ++at;
      else if (character === quote && next === quote && quote !== "`") fallback = at++;
      else if (character === quote) break;
    }
    if (at >= this.text.length) at = fallback;
    if (at < 0) throw this.error(start - 1, `the quote ${quote} is never closed`);
    this.#position = at + 1;
    return this.text.slice(start, at);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.text)?.[0];
    if (taken !== undefined) this.#position += taken.length;
    return taken;
  }
}
