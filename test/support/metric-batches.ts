import type { MetricColumns, Series } from "../../src/contract/batch.ts";

/** One value as it is logged. */
export interface LoggedValue {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  readonly modelId?: string;
  readonly dataset?: { readonly name: string; readonly digest: string };
}

/** Values as a queue hands them over. */
export function batchOf(values: readonly LoggedValue[]): [columns: MetricColumns, series: Series[]] {
  const ids = new Map<string, number>();
  const series: Series[] = [];
  const seriesIds = Uint32Array.from(values, ({ key, modelId, dataset }) => {
    const identity = JSON.stringify([key, modelId, dataset]);
    const one = { key, ...(modelId === undefined ? {} : { modelId }), ...(dataset === undefined ? {} : { dataset }) };
    const id = ids.get(identity) ?? series.push(one) - 1;
    ids.set(identity, id);
    return id;
  });
  const column = (of: (value: LoggedValue) => number) => Float64Array.from(values, of);
  return [
    {
      length: values.length,
      seriesIds,
      values: column(({ value }) => value),
      timestamps: column(({ timestamp }) => timestamp),
      steps: column(({ step }) => step),
    },
    series,
  ];
}
