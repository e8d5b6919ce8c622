import type { MetricHistory } from "../schema/metric.ts";

/** What a target has of a source's history. */
export interface HistoryComparison {
  /** What has to be written, in the order in which the source has it. */
  readonly missing: MetricHistory;
  readonly equalCount: number;
  /** Values that the target has in a form that is nearest to the source's: -0 as 0, an infinity as the largest number, other repeats. */
  readonly alikeCount: number;
  /** The first place where the target has values that the source does not have; nothing is to be written then. */
  readonly conflict?: { readonly step: number; readonly source: string; readonly target: string };
}

/**
 * Compares two histories in the order of backends: by step, then time, then as logged. What both have at one step and time are counted
 * each as often as it is there, so that nothing is ever written twice.
 *
 * @param keepsRepeats - False where the target may be a store that keeps equal values of one step and time once, or one of them twice.
 */
export function missingPoints(
  source: MetricHistory,
  target: MetricHistory,
  { keepsRepeats }: { readonly keepsRepeats: boolean },
): HistoryComparison {
  const common = commonStart(source, target);
  const isRepeated = common > 0 && common < source.values.length && isTogether(source, common - 1, source, common);
  if (common === target.values.length && (keepsRepeats || !isRepeated))
    return compared(sliceOf(source, common), common);
  return new Merge(source, target, { start: isRepeated ? startOfGroup(source, common) : common, keepsRepeats }).run();
}

/** A part of a history, over the same memory. */
export const sliceOf = ({ steps, timestamps, values }: MetricHistory, from: number, to?: number): MetricHistory => ({
  steps: steps.subarray(from, to),
  timestamps: timestamps.subarray(from, to),
  values: values.subarray(from, to),
});

/** Whether two values are the same to the bit, all patterns of NaN being one. */
export const isSameValue = (a: number, b: number): boolean => Object.is(a, b);

/** A value as the key of a map, which would take -0 for 0. */
const nameOf = (value: number): number | string => (Object.is(value, -0) ? "-0" : value);

/** What MLflow's SQL stores make of a value. */
export function nearestIn(value: number): number {
  if (value === 0) return 0;
  return Math.abs(value) === Number.POSITIVE_INFINITY ? Math.sign(value) * Number.MAX_VALUE : value;
}

/** The value of a source that such a store shows as another one. */
function nearestTo(value: number): number | string | undefined {
  if (value === 0) return "-0";
  return Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Number.POSITIVE_INFINITY : undefined;
}

const compared = (missing: MetricHistory, equalCount: number, alikeCount = 0): HistoryComparison => ({
  missing,
  equalCount,
  alikeCount,
});

function commonStart(a: MetricHistory, b: MetricHistory): number {
  const length = Math.min(a.values.length, b.values.length);
  let i = 0;
  while (
    i < length &&
    a.steps[i] === b.steps[i] &&
    a.timestamps[i] === b.timestamps[i] &&
    isSameValue(a.values[i] as number, b.values[i] as number)
  )
    i++;
  // Back to the first value of its step and time: what stands together is compared together.
  while (i > 0 && i < b.values.length && isTogether(a, i - 1, b, i)) i--;
  return i;
}

function startOfGroup(history: MetricHistory, within: number): number {
  let start = within;
  while (start > 0 && isTogether(history, start - 1, history, within)) start--;
  return start;
}

const isTogether = (a: MetricHistory, i: number, b: MetricHistory, j: number): boolean =>
  a.steps[i] === b.steps[j] && a.timestamps[i] === b.timestamps[j];

class Merge {
  readonly #source: MetricHistory;
  readonly #target: MetricHistory;
  readonly #missing: number[] = [];
  readonly #start: number;
  readonly #keepsRepeats: boolean;
  #equal: number;
  #alike = 0;

  constructor(
    source: MetricHistory,
    target: MetricHistory,
    { start, keepsRepeats }: { readonly start: number; readonly keepsRepeats: boolean },
  ) {
    this.#source = source;
    this.#target = target;
    this.#start = start;
    this.#keepsRepeats = keepsRepeats;
    this.#equal = start;
  }

  run(): HistoryComparison {
    const [source, target] = [this.#source, this.#target];
    let [i, j] = [this.#start, this.#start];
    while (j < target.values.length) {
      if (i < source.values.length && isBefore(source, i, target, j)) {
        this.#missing.push(i++);
        continue;
      }
      const isAlone = i === source.values.length || !isTogether(source, i, target, j);
      if (isAlone) return this.#conflictAt(j, "");
      const [iEnd, jEnd] = [endOfGroup(source, i), endOfGroup(target, j)];
      if (!this.#group(i, iEnd, j, jEnd)) return this.#conflictAt(j, valuesOf(source, i, iEnd));
      [i, j] = [iEnd, jEnd];
    }
    for (; i < source.values.length; i++) this.#missing.push(i);
    const pick = (column: Float64Array) => Float64Array.from(this.#missing, (at) => column[at] as number);
    const missing = {
      steps: pick(source.steps),
      timestamps: pick(source.timestamps),
      values: pick(source.values),
    };
    return compared(missing, this.#equal, this.#alike);
  }

  /** What one step and time have in both. False where the target has something that is none of the source's. */
  #group(i: number, iEnd: number, j: number, jEnd: number): boolean {
    const open = new Map<number | string, number[]>();
    for (let at = iEnd - 1; at >= i; at--) {
      const name = nameOf(this.#source.values[at] as number);
      const known = open.get(name);
      if (known === undefined) open.set(name, [at]);
      else known.push(at);
    }
    const target = Array.from(this.#target.values.subarray(j, jEnd));
    const others = target.filter((value) => open.get(nameOf(value))?.pop() === undefined);
    const unlike = others.filter((value) => open.get(nearestTo(value) ?? "")?.pop() === undefined);
    // MLflow's server on files writes a value of a logged model a second time.
    const isRepeat = (value: number) => open.has(nameOf(value)) || open.has(nearestTo(value) ?? "");
    const strangers = this.#keepsRepeats ? unlike : unlike.filter((value) => !isRepeat(value));
    this.#equal += target.length - others.length;
    this.#alike += others.length - strangers.length;
    const held = new Set(target.map(nameOf));
    const isHeld = (at: number) => {
      const value = this.#source.values[at] as number;
      return held.has(nameOf(value)) || held.has(nameOf(nearestIn(value)));
    };
    const left = [...open.values()].flat().sort((a, b) => a - b);
    const missing = this.#keepsRepeats ? left : left.filter((at) => !isHeld(at));
    this.#alike += left.length - missing.length;
    for (const at of missing) this.#missing.push(at);
    return strangers.length === 0;
  }

  #conflictAt(j: number, source: string): HistoryComparison {
    const jEnd = endOfGroup(this.#target, j);
    const conflict = {
      step: this.#target.steps[j] as number,
      source,
      target: valuesOf(this.#target, j, jEnd),
    };
    return { ...compared(sliceOf(this.#source, 0, 0), this.#equal, this.#alike), conflict };
  }
}

function isBefore(a: MetricHistory, i: number, b: MetricHistory, j: number): boolean {
  const order = (a.steps[i] as number) - (b.steps[j] as number);
  return order < 0 || (order === 0 && (a.timestamps[i] as number) < (b.timestamps[j] as number));
}

function endOfGroup(history: MetricHistory, from: number): number {
  let end = from + 1;
  while (end < history.values.length && isTogether(history, from, history, end)) end++;
  return end;
}

const MOST_SHOWN = 8;

const valuesOf = ({ values }: MetricHistory, from: number, to: number): string => {
  const shown = Array.from(values.subarray(from, Math.min(to, from + MOST_SHOWN)), (value) =>
    Object.is(value, -0) ? "-0" : String(value),
  );
  return shown.join(", ") + (to - from > MOST_SHOWN ? ", …" : "");
};
