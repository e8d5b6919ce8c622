import type { Points } from "../base/point-order.ts";

const FIRST_CAPACITY = 1_024;

/** Points as columns that grow. */
export class PointColumns {
  length = 0;
  timestamps = new Float64Array(FIRST_CAPACITY);
  values = new Float64Array(FIRST_CAPACITY);
  steps = new Float64Array(FIRST_CAPACITY);

  clear(): void {
    this.length = 0;
  }

  push(timestamp: number, value: number, step: number): void {
    if (this.length === this.values.length) this.#grow();
    this.timestamps[this.length] = timestamp;
    this.values[this.length] = value;
    this.steps[this.length] = step;
    this.length++;
  }

  /** What was pushed, in arrays of just that length. */
  points(): Points {
    return {
      steps: this.steps.slice(0, this.length),
      timestamps: this.timestamps.slice(0, this.length),
      values: this.values.slice(0, this.length),
    };
  }

  #grow(): void {
    const capacity = 2 * this.length;
    this.timestamps = grown(this.timestamps, capacity);
    this.values = grown(this.values, capacity);
    this.steps = grown(this.steps, capacity);
  }
}

function grown(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}

/** A line that is none, and how many there are. */
export interface BadLines {
  count: number;
  /** The first of them, for the warning. */
  first: string | undefined;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
// Powers of ten up to here are exact in float64, and so is the quotient of a safe integer and one of them after one rounding.
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Parses the whole lines of a text and answers where the first unfinished one begins.
 *
 * A digit at a time, because three quarters of a file are timestamps and steps, which need no parsing of floats; and a value of
 * at most 2^53 without its dot is read exactly by one division.
 */
export function parseLines(text: string, columns: PointColumns, bad: BadLines): number {
  const end = text.lastIndexOf("\n") + 1;
  for (let start = 0; start < end; ) {
    let at = start;
    let code = text.charCodeAt(at);
    let timestamp = 0;
    while (code >= ZERO && code < ZERO + 10) {
      timestamp = timestamp * 10 + (code - ZERO);
      code = text.charCodeAt(++at);
    }
    const valueStart = at + 1;
    if (code !== SPACE || at === start || timestamp > Number.MAX_SAFE_INTEGER) {
      start = parseOddLine(text, start, columns, bad);
      continue;
    }

    at = valueStart;
    code = text.charCodeAt(at);
    const isValueNegative = code === MINUS;
    if (isValueNegative) code = text.charCodeAt(++at);
    const digitsStart = at;
    let mantissa = 0;
    let dotAt = -1;
    for (;;) {
      if (code >= ZERO && code < ZERO + 10) mantissa = mantissa * 10 + (code - ZERO);
      else if (code === DOT && dotAt < 0) dotAt = at;
      else break;
      code = text.charCodeAt(++at);
    }
    let value: number;
    const decimals = dotAt < 0 ? 0 : at - dotAt - 1;
    const digits = at - digitsStart - (dotAt < 0 ? 0 : 1);
    if (code === SPACE && digits > 0 && mantissa <= Number.MAX_SAFE_INTEGER && decimals < POWERS_OF_TEN.length) {
      value = mantissa / (POWERS_OF_TEN[decimals] as number);
      if (isValueNegative) value = -value;
    } else if (digits > 0 && (code === SPACE || code === LOWER_E || code === UPPER_E)) {
      at = text.indexOf(" ", at);
      value = at < 0 ? Number.NaN : Number(text.slice(valueStart, at));
    } else {
      value = Number.NaN;
    }
    if (Number.isNaN(value)) {
      start = parseOddLine(text, start, columns, bad);
      continue;
    }

    code = text.charCodeAt(++at);
    const isStepNegative = code === MINUS;
    if (isStepNegative) code = text.charCodeAt(++at);
    const stepStart = at;
    let step = 0;
    while (code >= ZERO && code < ZERO + 10) {
      step = step * 10 + (code - ZERO);
      code = text.charCodeAt(++at);
    }
    if (code === NEWLINE && at > stepStart && step <= Number.MAX_SAFE_INTEGER) {
      columns.push(timestamp, value, isStepNegative && step !== 0 ? -step : step);
      start = at + 1;
    } else {
      start = parseOddLine(text, start, columns, bad);
    }
  }
  return end;
}

/** Takes a line that is not plain, or counts it as bad; answers where the next one begins. */
function parseOddLine(text: string, start: number, columns: PointColumns, bad: BadLines): number {
  const end = text.indexOf("\n", start);
  const line = text.slice(start, end);
  if (!parseLine(line, columns)) {
    bad.count++;
    bad.first ??= line;
  }
  return end + 1;
}

/** Any line that Python reads: 2 fields are from MLflow before 1.0, 5 name the dataset as well. */
function parseLine(line: string, columns: PointColumns): boolean {
  const fields = line.trim().split(" ");
  if (fields.length !== 2 && fields.length !== 3 && fields.length !== 5) return false;
  const [timestampText, valueText, stepText = "0"] = fields as [string, string, string?];
  const timestamp = parseInteger(timestampText);
  const value = parsePythonFloat(valueText);
  const step = parseInteger(stepText);
  if (timestamp === undefined || value === undefined || step === undefined) return false;
  columns.push(timestamp, value, step);
  return true;
}

function parseInteger(text: string): number | undefined {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** What Python's `float` takes, as far as its `repr` and JavaScript's `String` write it. */
export function parsePythonFloat(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
