import type uPlot from "uplot";
import { marksOf, visiblePoints } from "../curves/visible-points.ts";
import { dashOf } from "./colors.ts";
import type { Line, MarkKind, PlottedCurve } from "./plotted-curve.ts";
import { chartColors } from "./theme.ts";

/** One curve of a chart, with how it looks. */
export interface DrawnCurve {
  readonly run: number;
  readonly plotted: PlottedCurve;
  readonly smooth: Line | undefined;
}

/** What of a line is in sight. */
interface Stroke {
  readonly curve: DrawnCurve;
  readonly line: Line;
  readonly positions: readonly number[];
  readonly isFaint: boolean;
}

/** Everything in sight, and how far it reaches. */
export interface Sight {
  readonly strokes: readonly Stroke[];
  readonly edges: Float64Array;
  readonly min: number;
  readonly max: number;
}

/** Wider columns would show steps; narrower ones are no pixels. */
const MOST_COLUMNS = 2_400;
/** With more points on a line its dots would cover it. */
const PIXELS_PER_DOT = 9;

/** Bounds of the columns of pixels between two ends of an axis. */
export function columnEdges(min: number, max: number, widthPx: number, isLog: boolean): Float64Array {
  const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.round(widthPx)));
  const [from, to] = isLog ? [Math.log(min), Math.log(max)] : [min, max];
  const edges = new Float64Array(columns + 1);
  for (let at = 0; at <= columns; at++) {
    const place = from + ((to - from) * at) / columns;
    edges[at] = isLog ? Math.exp(place) : place;
  }
  edges[0] = min;
  edges[columns] = max;
  return edges;
}

/** What of some curves is to be drawn between the edges. */
export function sightOf(curves: readonly DrawnCurve[], edges: Float64Array): Sight {
  const strokes: Stroke[] = [];
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const [left, right] = [edges[0] as number, edges[edges.length - 1] as number];
  for (const curve of curves) {
    const lines = curve.smooth === undefined ? [curve.plotted.raw] : [curve.plotted.raw, curve.smooth];
    for (const [index, line] of lines.entries()) {
      const positions = visiblePoints({ x: curve.plotted.x, ...line, edges });
      strokes.push({ curve, line, positions, isFaint: index < lines.length - 1 });
      for (const at of positions) {
        const x = curve.plotted.x[at] as number;
        if (x < left || x > right) continue;
        const value = line.values[at] as number;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
  }
  return { strokes, edges, min, max };
}

/** Draws what is in sight onto the canvas of a chart. */
export function drawSight(plot: uPlot, { strokes, edges }: Sight, curves: readonly DrawnCurve[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  // With room for a dot at either end.
  const room = 4 * devicePixelRatio;
  ctx.rect(bbox.left - room, bbox.top, bbox.width + 2 * room, bbox.height);
  ctx.clip();
  // Faint ones below all others.
  for (const stroke of strokes) if (stroke.isFaint) drawStroke(plot, stroke);
  for (const stroke of strokes) if (!stroke.isFaint) drawStroke(plot, stroke);
  for (const curve of curves) drawMarks(plot, curve, edges);
  ctx.restore();
}

function drawStroke(plot: uPlot, { curve, line, positions, isFaint }: Stroke): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const { x } = curve.plotted;
  const points = positions.map((at) => [
    plot.valToPos(x[at] as number, "x", true),
    plot.valToPos(line.values[at] as number, "y", true),
  ]) as [number, number][];
  ctx.strokeStyle = ctx.fillStyle = lineColor(curve.run);
  ctx.globalAlpha = isFaint ? 0.28 : 1;
  ctx.lineWidth = (isFaint ? 1 : 1.75) * ratio;
  ctx.lineJoin = ctx.lineCap = "round";
  ctx.setLineDash(dashOf(curve.run).map((length) => length * ratio));
  ctx.beginPath();
  for (const [left, top] of points) ctx.lineTo(left, top);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!isFaint && points.length * PIXELS_PER_DOT * ratio < plot.bbox.width) {
    ctx.beginPath();
    for (const [left, top] of points) {
      ctx.moveTo(left, top);
      ctx.arc(left, top, 2.25 * ratio, 0, 2 * Math.PI);
    }
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

export const lineColor = (run: number): string => {
  const { lines } = chartColors();
  return lines[run % lines.length] as string;
};

function drawMarks(plot: uPlot, { run, plotted }: DrawnCurve, edges: Float64Array): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = lineColor(run);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const { kind, x } of plotted.marks) {
    let before = Number.NEGATIVE_INFINITY;
    for (const at of marksOf(x, edges)) {
      const left = plot.valToPos(x[at] as number, "x", true);
      // One for each pixel would be a bar.
      if (left - before < 2 * size) continue;
      before = left;
      const top = kind === "above" ? bbox.top + 1.5 * size : bbox.top + bbox.height - 1.5 * size;
      drawMark(ctx, kind, left, top, size);
    }
  }
}

function drawMark(ctx: CanvasRenderingContext2D, kind: MarkKind, x: number, y: number, size: number): void {
  ctx.beginPath();
  if (kind === "nan") {
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
    return;
  }
  const tip = kind === "above" ? -size : size;
  ctx.moveTo(x, y + tip);
  ctx.lineTo(x - size, y - tip);
  ctx.lineTo(x + size, y - tip);
  ctx.fill();
}
