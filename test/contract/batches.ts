import type { Batch, Series } from "../../src/contract/batch.ts";
import type { Page } from "../../src/contract/tracking-store.ts";
import type { DatasetInput } from "../../src/schema/dataset.ts";
import type { Metric } from "../../src/schema/metric.ts";
import type { Param, Tag } from "../../src/schema/param.ts";
import { expect } from "./expect.ts";

/** What a batch is made of; absent parts are empty. */
export interface BatchParts {
  readonly points?: readonly Metric[];
  readonly params?: readonly Param[];
  readonly tags?: readonly Tag[];
  readonly inputs?: readonly DatasetInput[];
}

/** A batch as a queue would hand it over. */
export function batchOf({ points = [], params = [], tags = [], inputs = [] }: BatchParts): Batch {
  const keys = [...new Set(points.map(({ key }) => key))];
  const entries = points.map(({ key, value, step, timestamp }) => [keys.indexOf(key), value, step, timestamp] as const);
  return {
    ...seriesBatch(
      keys.map((key) => ({ key })),
      entries,
    ),
    params,
    tags,
    inputs,
  };
}

/** A batch of values as [series, value, step, timestamp]. */
export function seriesBatch(
  series: readonly Series[],
  entries: readonly (readonly [series: number, value: number, step: number, timestamp: number])[],
): Batch {
  return {
    series,
    metrics: {
      length: entries.length,
      seriesIds: Uint32Array.from(entries, ([id]) => id),
      values: Float64Array.from(entries, ([, value]) => value),
      steps: Float64Array.from(entries, ([, , step]) => step),
      timestamps: Float64Array.from(entries, ([, , , timestamp]) => timestamp),
    },
    params: [],
    tags: [],
    inputs: [],
  };
}

/** The 64 bits of a number: equality that knows -0, and takes all patterns of NaN for one. */
export function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return Number.isNaN(value) ? "NaN" : view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** Everything that a list holds from a page on. */
export async function allPages<T>(
  list: (paging: { maxResults: number; pageToken?: string }) => Promise<Page<T>>,
  maxResults: number,
  pageToken?: string,
): Promise<T[]> {
  const items: T[] = [];
  for (let token = pageToken; ; ) {
    const page = await list({ maxResults, ...(token === undefined ? {} : { pageToken: token }) });
    expect(page.items.length <= maxResults, "a page is as long as was asked for").toBe(true);
    items.push(...page.items);
    token = page.nextPageToken;
    if (token === undefined) return items;
  }
}
