import { deflateSync } from "node:zlib";
import type { Curve } from "./collect-curves.ts";
import { packColumns } from "./curves/column-bytes.ts";
import { POINT_COLUMNS, SUMMARY_COLUMNS } from "./payload.ts";

/** Few enough that a browser reads a block within a frame, many enough that they compress. */
export const POINTS_PER_BLOCK = 32_768;

/** An element with data: a browser neither runs nor shows it. */
export const dataElement = (id: string, text: string, type = "text/plain"): string =>
  `<script type="${type}" id="${id}">${text}</script>\n`;

/** JSON that no parser of HTML takes for anything else, in ASCII, which browsers read in no time. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The elements with the points of all curves, one curve behind the other, in blocks. */
export function* pointElements(curves: readonly Curve[]): Generator<string> {
  const length = curves.reduce((sum, { points }) => sum + points.values.length, 0);
  let curve = 0;
  let taken = 0;
  for (let start = 0, block = 0; start < length; start += POINTS_PER_BLOCK, block++) {
    const size = Math.min(POINTS_PER_BLOCK, length - start);
    const columns = POINT_COLUMNS.map(() => new Float64Array(size));
    for (let filled = 0; filled < size; ) {
      const { points } = curves[curve] as Curve;
      const count = Math.min(points.values.length - taken, size - filled);
      for (const [index, name] of POINT_COLUMNS.entries()) {
        columns[index]?.set(points[name].subarray(taken, taken + count), filled);
      }
      filled += count;
      taken += count;
      if (taken < points.values.length) continue;
      curve++;
      taken = 0;
    }
    yield columnElement(`points-${block}`, columns);
  }
}

/** The element with what is said of every curve. */
export const summaryElement = (curves: readonly Curve[]): string =>
  columnElement(
    "summary",
    SUMMARY_COLUMNS.map((name) => Float64Array.from(curves, ({ summary }) => summary[name])),
  );

const columnElement = (id: string, columns: readonly Float64Array[]): string =>
  dataElement(id, deflateSync(packColumns(columns)).toString("base64"));
