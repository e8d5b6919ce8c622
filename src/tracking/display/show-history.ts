import { shortNumber } from "../../base/short-number.ts";
import type { MetricHistory } from "../../schema/metric.ts";
import { curve } from "./curve.ts";
import type { MimeBundle } from "./mime-bundle.ts";

import { htmlTable, type Table, textTable } from "./table.ts";

const SIZE = { width: 640, height: 240 };

/** One metric: its curve, and what a person would look for in it. */
export function showHistory(key: string, history: MetricHistory): MimeBundle {
  const svg = curve(key, history, SIZE);
  const table = summary(key, history);
  return {
    "text/html": `<div>${svg}${htmlTable(table)}</div>`,
    "image/svg+xml": svg,
    "text/plain": textTable(table),
  };
}

function summary(key: string, { steps, values }: MetricHistory): Table {
  const columns = ["metric", "values", "first", "last", "smallest", "largest", "steps"];
  if (values.length === 0) return { columns, rows: [[key, "0", "", "", "", "", ""]] };
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  let odd = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) odd++;
    else {
      smallest = Math.min(smallest, value);
      largest = Math.max(largest, value);
    }
  }
  const [first, last] = [values[0], values.at(-1)] as [number, number];
  const [from, to] = [steps[0], steps.at(-1)] as [number, number];
  const extremes = odd === values.length ? ["", ""] : [shortNumber(smallest), shortNumber(largest)];
  return {
    columns,
    rows: [[key, String(values.length), shortNumber(first), shortNumber(last), ...extremes, `${from} to ${to}`]],
    note: odd === 0 ? undefined : `${odd} values are NaN or infinite: the curve has gaps there`,
  };
}
