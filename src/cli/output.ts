import { styleText } from "node:util";
import { readEnv } from "../base/env.ts";
import { jsonText } from "./json.ts";

export type Style = Parameters<typeof styleText>[0];

const DEFAULT_WIDTH = 80;
const DEFAULT_HEIGHT = 24;

/** What the output needs of a stream: `process.stdout` fits. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Where answers go, and how they may look there. */
export class Output {
  readonly #stream: OutputStream;
  readonly #hasColours: boolean;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#hasColours = this.isTerminal && readEnv("NO_COLOR") === undefined && readEnv("TERM") !== "dumb";
  }

  /** A person is looking: tables are aligned and cut, times are relative, ids are short. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Columns that a line may take. */
  get width(): number {
    return this.isTerminal ? this.#stream.columns || DEFAULT_WIDTH : Number.POSITIVE_INFINITY;
  }

  /** Lines that are seen at once. */
  get height(): number {
    return this.isTerminal ? this.#stream.rows || DEFAULT_HEIGHT : Number.POSITIVE_INFINITY;
  }

  style(style: Style, text: string): string {
    return this.#hasColours && text !== "" ? styleText(style, text) : text;
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.write(`${lines.join("\n")}\n`);
  }

  json(value: unknown): void {
    this.write(`${jsonText(value, 2)}\n`);
  }

  write(text: string): void {
    this.#stream.write(text);
  }
}
