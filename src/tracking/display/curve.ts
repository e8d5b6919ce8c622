import { shortNumber } from "../../base/short-number.ts";
import type { MetricHistory } from "../../schema/metric.ts";
import { escaped } from "./safe-text.ts";

/** How large a curve is drawn, in pixels. */
export interface CurveSize {
  readonly width: number;
  readonly height: number;
}

/** Room for the numbers at the axes. */
const LEFT = 64;
const BOTTOM = 18;
const TOP = 18;
const RIGHT = 8;
// To be read on white and on black.
const LINE = "#3b82f6";
const INK = "#888888";

/**
 * The values of a metric over its steps, as an SVG. Of values that share a column of pixels the smallest and the largest are drawn, so no
 * spike is lost; where a value is NaN or infinite the line has a gap.
 */
export function curve(title: string, { steps, values }: MetricHistory, { width, height }: CurveSize): string {
  const x = scale(steps, LEFT, width - RIGHT);
  const y = scale(values, height - BOTTOM, TOP);
  const label = (textX: number, textY: number, anchor: string, text: string) =>
    `<text x="${textX}" y="${textY}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const labels = [
    label(LEFT, TOP - 6, "start", title),
    label(LEFT - 4, TOP + 4, "end", shortNumber(y.largest)),
    label(LEFT - 4, height - BOTTOM, "end", shortNumber(y.smallest)),
    label(LEFT, height - 4, "start", shortNumber(x.smallest)),
    label(width - RIGHT, height - 4, "end", `step ${shortNumber(x.largest)}`),
  ];
  const frame = `<path d="M${LEFT} ${TOP}V${height - BOTTOM}H${width - RIGHT}" stroke="${INK}" fill="none"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="${INK}">`,
    frame,
    `<path d="${linePath(steps, values, x, y)}" stroke="${LINE}" stroke-width="1.5" stroke-linecap="round" fill="none"/>`,
    ...(y.isEmpty ? [] : labels),
    "</svg>",
  ].join("");
}

interface Scale {
  readonly smallest: number;
  readonly largest: number;
  readonly isEmpty: boolean;
  place(value: number): number;
}

function scale(values: Float64Array, from: number, to: number): Scale {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  // Halved, because the difference of two doubles need not be one.
  const range = largest / 2 - smallest / 2;
  const place = (value: number) => from + (to - from) * (range > 0 ? (value / 2 - smallest / 2) / range : 0.5);
  return { smallest, largest, isEmpty: smallest > largest, place };
}

function linePath(steps: Float64Array, values: Float64Array, x: Scale, y: Scale): string {
  const parts: string[] = [];
  let isGap = true;
  let column = { at: Number.NaN, low: 0, high: 0 };
  const draw = () => {
    if (Number.isNaN(column.at)) return;
    const move = isGap ? "M" : "L";
    // To where it is as well: a single value is a dot.
    parts.push(`${move}${column.at} ${column.low.toFixed(1)}L${column.at} ${column.high.toFixed(1)}`);
    isGap = false;
  };
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      draw();
      column = { at: Number.NaN, low: 0, high: 0 };
      isGap = true;
      continue;
    }
    const at = Math.round(x.place(steps[i] as number));
    const place = y.place(value);
    if (at === column.at) {
      column.low = Math.max(column.low, place);
      column.high = Math.min(column.high, place);
      continue;
    }
    draw();
    column = { at, low: place, high: place };
  }
  draw();
  return parts.join("");
}
