import type { MetricHistory } from "../../schema/metric.ts";
import { Extremes } from "../curves/extremes.ts";
import { firstAbove } from "../curves/search-sorted.ts";
import { startSmoothing } from "../curves/smooth.ts";
import { breathe } from "./breathe.ts";
import { sortedOrder } from "./sorted-order.ts";

/** Beyond it an axis could not tell its marks apart from infinity. */
const LARGEST = 1e100;
const SMALLEST_ON_LOG = 1e-100;
const SLICE = 65_536;

/** A value that has no place on the axis is marked at its edge. */
export type MarkKind = "nan" | "above" | "below";

/** Values and how to find their extremes. */
export interface Line {
  readonly values: Float64Array;
  readonly extremes: Extremes;
}

/** A curve as it is drawn: by x, and what has no place on the axes apart. */
export interface PlottedCurve {
  /** Never falls. */
  readonly x: Float64Array;
  /** As logged, in the order of x. */
  readonly logged: Float64Array;
  readonly raw: Line;
  readonly marks: readonly { readonly kind: MarkKind; readonly x: Float64Array }[];
  /** How many points x has no place for. */
  readonly lost: number;
}

export interface PlotScales {
  readonly logX: boolean;
  readonly logY: boolean;
}

/**
 * Makes a curve ready to be drawn, in slices.
 *
 * @param x - Of every point; whatever has no place on the axis is dropped, and all is put in order.
 */
export async function plotCurve(x: Float64Array, values: Float64Array, scales: PlotScales): Promise<PlottedCurve> {
  const order = await drawableOrder(x, scales.logX);
  const sortedX = order === undefined ? x : await picked(x, order);
  const logged = order === undefined ? values : await picked(values, order);
  const { shown, marks } = await splitValues(sortedX, logged, scales.logY);
  const raw = await lineOf(shown);
  return { x: sortedX, logged, raw, marks, lost: x.length - sortedX.length };
}

/** `undefined` where the points can stay as they are. */
async function drawableOrder(x: Float64Array, isLog: boolean): Promise<Uint32Array | undefined> {
  const hasPlace = (value: number) => Math.abs(value) < LARGEST && (!isLog || value > SMALLEST_ON_LOG);
  let isFine = true;
  for (let at = 0; at < x.length && isFine; at++) {
    if (at % SLICE === 0) await breathe();
    isFine = hasPlace(x[at] as number) && (at === 0 || (x[at - 1] as number) <= (x[at] as number));
  }
  if (isFine) return undefined;
  return (await sortedOrder(x)).filter((at) => hasPlace(x[at] as number));
}

async function picked(column: Float64Array, order: Uint32Array): Promise<Float64Array> {
  await breathe();
  const result = new Float64Array(order.length);
  for (let at = 0; at < order.length; at++) result[at] = column[order[at] as number] as number;
  return result;
}

async function splitValues(x: Float64Array, logged: Float64Array, isLog: boolean) {
  const shown = new Float64Array(logged.length);
  const places: Record<MarkKind, number[]> = { nan: [], above: [], below: [] };
  for (let at = 0; at < logged.length; at++) {
    if (at % SLICE === 0) await breathe();
    const value = logged[at] as number;
    const kind = markKind(value, isLog);
    shown[at] = kind === undefined ? value : Number.NaN;
    if (kind !== undefined) places[kind].push(x[at] as number);
  }
  const kinds = ["nan", "above", "below"] as const;
  const marks = kinds.map((kind) => ({ kind, x: Float64Array.from(places[kind]) })).filter((mark) => mark.x.length > 0);
  return { shown, marks };
}

function markKind(value: number, isLog: boolean): MarkKind | undefined {
  if (Number.isNaN(value)) return "nan";
  if (value >= LARGEST) return "above";
  if (value <= -LARGEST || (isLog && value < SMALLEST_ON_LOG)) return "below";
  return undefined;
}

/** The moving average of a curve, found in slices. */
export async function smoothLine({ raw }: PlottedCurve, weight: number): Promise<Line> {
  const smoothing = startSmoothing(raw.values, weight);
  while (smoothing.next(SLICE)) await breathe();
  return await lineOf(smoothing.smoothed);
}

async function lineOf(values: Float64Array): Promise<Line> {
  const building = Extremes.inSlices(values);
  for (let step = building.next(); ; step = building.next()) {
    if (step.done) return { values, extremes: step.value };
    await breathe();
  }
}

/** Of every step of a curve, the last value of another one at or before it. */
export function valuesAtSteps(steps: Float64Array, other: MetricHistory): Float64Array {
  let above = 0;
  return steps.map((step) => {
    above = firstAbove(other.steps, step, above);
    return other.values[above - 1] ?? Number.NaN;
  });
}
