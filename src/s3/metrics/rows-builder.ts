import type { Series } from "../../contract/batch.ts";
import { makeSeries } from "./latest-points.ts";
import { joinColumns, type MetricRows, type RowColumns, seriesIdentity } from "./metric-rows.ts";
import type { TextColumn } from "./parquet/columns.ts";
import { gather } from "./sort-rows.ts";

/** What a file's row group holds, decoded. */
export interface DecodedGroup {
  readonly steps: Float64Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Absent where all rows are in part 0, or nobody asks. */
  readonly parts: Float64Array | undefined;
  readonly keys: TextColumn;
  /** Absent where no row has any. */
  readonly models: TextColumn | undefined;
  readonly datasetNames: TextColumn | undefined;
  readonly datasetDigests: TextColumn | undefined;
}

/** Puts row groups together, without the rows of other keys. */
export class RowsBuilder {
  readonly #key: string | undefined;
  readonly #parts: RowColumns[] = [];
  readonly #series: Series[] = [];
  readonly #ids = new Map<string, number>();

  /** @param key - Of which rows are kept; `undefined` for all. */
  constructor(key: string | undefined) {
    this.#key = key;
  }

  add(group: DecodedGroup): void {
    const { steps, timestamps, values, parts } = group;
    const columns: RowColumns = {
      length: steps.length,
      seriesIds: this.#seriesIds(group),
      steps,
      timestamps,
      values,
      ...(parts === undefined ? {} : { parts: Uint32Array.from(parts) }),
    };
    const isWanted = this.#series.map(({ key }) => this.#key === undefined || key === this.#key);
    if (isWanted.every(Boolean)) this.#parts.push(columns);
    else {
      const wanted = Uint32Array.from({ length: columns.length }, (_, row) => row).filter(
        (row) => isWanted[columns.seriesIds[row] as number],
      );
      this.#parts.push(gather(columns, wanted));
    }
  }

  rows(): MetricRows {
    return { series: this.#series, columns: joinColumns(this.#parts) };
  }

  #seriesIds({ keys, models, datasetNames, datasetDigests }: DecodedGroup): Uint32Array {
    const others = [models, datasetNames, datasetDigests];
    if (others.every((column) => column === undefined)) {
      const ofKeys = Uint32Array.from(keys.table, (key = "") => this.#intern({ key }));
      return keys.ids.map((keyId) => ofKeys[keyId] as number);
    }
    const known = new Map<string, number>();
    return keys.ids.map((keyId, row) => {
      const combination = [keyId, ...others.map((column) => column?.ids[row])].join(":");
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
