import { statSync } from "node:fs";
import { join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import type { Series } from "../contract/batch.ts";
import { type Appended, countLines } from "./append-lines.ts";
import { isId, METRICS_DIRECTORY, MODELS_DIRECTORY } from "./layout.ts";
import type { MetricFile } from "./metric-file.ts";
import { type LineFormatter, modelLineEnd, runLineEnd, type SeriesSlice } from "./metric-line.ts";

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/** Where a series writer finds its files. */
export interface SeriesPlace {
  readonly runId: string;
  readonly experimentDirectory: string;
  /** All series of a run take turns with one. */
  readonly formatter: LineFormatter;
  /** The file of a key in the run. */
  runFile(key: string): MetricFile;
  /** A file of a logged model. */
  modelFile(modelDirectory: string, path: string): MetricFile;
}

/** Writes the values of one series: to the run's file of its key, and to the file of the logged model it belongs to. */
export class SeriesWriter {
  readonly series: Series;
  readonly #place: SeriesPlace;
  readonly #runFile: MetricFile;
  readonly #runLineEnd: Buffer;
  #modelFile: MetricFile | undefined;
  /** Lines that are in the run's file and not yet in the model's: a repeat must not write them to the run's again. */
  #ahead: Buffer = NOTHING;

  constructor(place: SeriesPlace, series: Series) {
    this.series = series;
    this.#place = place;
    this.#runFile = place.runFile(series.key);
    this.#runLineEnd = runLineEnd(series);
  }

  /** The files this series writes to. */
  get paths(): readonly string[] {
    return this.#modelFile === undefined ? [this.#runFile.path] : [this.#runFile.path, this.#modelFile.path];
  }

  append(slice: SeriesSlice): Appended {
    if (this.series.modelId !== undefined) return this.#appendToBoth(slice, this.series.modelId);
    return this.#runFile.append(this.#place.formatter.format(slice, this.#runLineEnd), slice.to - slice.from);
  }

  #appendToBoth(slice: SeriesSlice, modelId: string): Appended {
    const modelFile = this.#findModelFile(modelId);
    if (modelFile instanceof TidemarkError) return { lines: 0, error: modelFile };
    const { formatter, runId } = this.#place;
    const count = slice.to - slice.from;
    // A copy, because the model's lines are formatted in the same memory.
    const text = Buffer.from(formatter.format(slice, this.#runLineEnd));
    const ahead = startAlike(this.#ahead, text) ? this.#ahead : NOTHING;
    const skipped = Math.min(countLines(ahead), count);
    const rest = text.subarray(endOfLines(text, skipped));
    const run = rest.length === 0 ? { lines: 0 } : this.#runFile.append(rest, count - skipped);
    const inRun = skipped + run.lines;
    const inBoth = formatter.format({ ...slice, to: slice.from + inRun }, modelLineEnd(this.series, runId));
    const model = inRun === 0 ? { lines: 0 } : modelFile.append(inBoth, inRun);
    const known = ahead.length > text.length ? ahead : text.subarray(0, endOfLines(text, inRun));
    this.#ahead = Buffer.from(known.subarray(endOfLines(known, model.lines)));
    return { ...run, ...model };
  }

  #findModelFile(modelId: string): MetricFile | TidemarkError {
    if (this.#modelFile !== undefined) return this.#modelFile;
    const directory = join(this.#place.experimentDirectory, MODELS_DIRECTORY, modelId);
    if (!isId(modelId) || statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
      return new TidemarkError("INVALID_PARAMETER_VALUE", `there is no logged model ${modelId}: no ${directory}`);
    }
    this.#modelFile = this.#place.modelFile(directory, join(directory, METRICS_DIRECTORY, this.series.key));
    return this.#modelFile;
  }
}

function startAlike(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length);
  return a.subarray(0, length).equals(b.subarray(0, length));
}

/** Where the first `count` lines end. */
function endOfLines(lines: Buffer, count: number): number {
  let end = 0;
  for (let i = 0; i < count; i++) end = lines.indexOf(NEWLINE, end) + 1;
  return end;
}
