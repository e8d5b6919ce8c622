import type { MetricColumns, Series } from "../../contract/batch.ts";
import { makeSeries } from "./latest-points.ts";
import { type MetricRows, newColumns, seriesIdentity } from "./metric-rows.ts";
import type { TextColumn } from "./parquet/columns.ts";

/** What a file's row group holds, decoded. */
export interface DecodedGroup {
  readonly steps: Float64Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly keys: TextColumn;
  /** Absent where no row has any. */
  readonly models: TextColumn | undefined;
  readonly datasetNames: TextColumn | undefined;
  readonly datasetDigests: TextColumn | undefined;
}

/** Puts row groups together, without the rows of other keys. */
export class RowsBuilder {
  readonly #columns: MetricColumns;
  readonly #key: string | undefined;
  readonly #series: Series[] = [];
  readonly #ids = new Map<string, number>();
  #length = 0;

  /** @param key - Of which rows are kept; `undefined` for all. */
  constructor(mostRows: number, key: string | undefined) {
    this.#columns = newColumns(mostRows);
    this.#key = key;
  }

  add(group: DecodedGroup): void {
    const seriesIds = this.#seriesIds(group);
    const isWanted = this.#series.map(({ key }) => this.#key === undefined || key === this.#key);
    if (isWanted.every(Boolean)) this.#addAll(group, seriesIds);
    else this.#addSome(group, seriesIds, isWanted);
  }

  rows(): MetricRows {
    return { series: this.#series, columns: { ...this.#columns, length: this.#length } };
  }

  #addAll({ steps, timestamps, values }: DecodedGroup, seriesIds: Uint32Array): void {
    this.#columns.seriesIds.set(seriesIds, this.#length);
    this.#columns.steps.set(steps, this.#length);
    this.#columns.timestamps.set(timestamps, this.#length);
    this.#columns.values.set(values, this.#length);
    this.#length += seriesIds.length;
  }

  #addSome({ steps, timestamps, values }: DecodedGroup, seriesIds: Uint32Array, isWanted: readonly boolean[]): void {
    const columns = this.#columns;
    for (let row = 0; row < seriesIds.length; row++) {
      const id = seriesIds[row] as number;
      if (isWanted[id] !== true) continue;
      const at = this.#length++;
      columns.seriesIds[at] = id;
      columns.steps[at] = steps[row] as number;
      columns.timestamps[at] = timestamps[row] as number;
      columns.values[at] = values[row] as number;
    }
  }

  #seriesIds({ keys, models, datasetNames, datasetDigests }: DecodedGroup): Uint32Array {
    const others = [models, datasetNames, datasetDigests];
    const isSimple = others.every((column) => column === undefined);
    const known = new Map<number | string, number>();
    return keys.ids.map((keyId, row) => {
      const combination = isSimple ? keyId : [keyId, ...others.map((column) => column?.ids[row])].join(":");
      let id = known.get(combination);
      if (id === undefined) {
        const [model, name, digest] = others.map((column) => column?.table[column.ids[row] as number]);
        id = this.#intern(makeSeries(keys.table[keyId] ?? "", model, name, digest));
        known.set(combination, id);
      }
      return id;
    });
  }

  #intern(series: Series): number {
    const identity = seriesIdentity(series);
    const id = this.#ids.get(identity) ?? this.#series.push(series) - 1;
    this.#ids.set(identity, id);
    return id;
  }
}
