import { statSync } from "node:fs";
import { join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import type { Series } from "../contract/batch.ts";
import { type Appended, isAscii } from "./append-lines.ts";
import { isId, METRICS_DIRECTORY, MODELS_DIRECTORY } from "./layout.ts";
import type { MetricFile } from "./metric-file.ts";
import { formatLines, modelLineEnd, runLineEnd, type SeriesSlice } from "./metric-line.ts";

/** Where a series writer finds its files. */
export interface SeriesPlace {
  readonly runId: string;
  readonly experimentDirectory: string;
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
  readonly #runLineEnd: string;
  readonly #ascii: boolean;
  #modelFile: MetricFile | undefined;
  /** Lines that are in the run's file and not yet in the model's: a repeat must not write them to the run's again. */
  #ahead = "";

  constructor(place: SeriesPlace, series: Series) {
    this.series = series;
    this.#place = place;
    this.#runFile = place.runFile(series.key);
    this.#runLineEnd = runLineEnd(series);
    this.#ascii = isAscii(this.#runLineEnd);
  }

  /** The files this series writes to. */
  get paths(): readonly string[] {
    return this.#modelFile === undefined ? [this.#runFile.path] : [this.#runFile.path, this.#modelFile.path];
  }

  append(slice: SeriesSlice): Appended {
    if (this.series.modelId !== undefined) return this.#appendToBoth(slice, this.series.modelId);
    return this.#runFile.append(formatLines(slice, this.#runLineEnd), slice.to - slice.from, this.#ascii);
  }

  #appendToBoth(slice: SeriesSlice, modelId: string): Appended {
    const modelFile = this.#findModelFile(modelId);
    if (modelFile instanceof TidemarkError) return { lines: 0, error: modelFile };
    const text = formatLines(slice, this.#runLineEnd);
    const skipped = text.startsWith(this.#ahead) ? this.#ahead : "";
    const skippedLines = countLines(skipped);
    const count = slice.to - slice.from;
    const run =
      skippedLines === count
        ? { lines: 0 }
        : this.#runFile.append(text.slice(skipped.length), count - skippedLines, this.#ascii);
    const inRun = skippedLines + run.lines;
    const modelText = formatLines({ ...slice, to: slice.from + inRun }, modelLineEnd(this.series, this.#place.runId));
    const model = inRun === 0 ? { lines: 0 } : modelFile.append(modelText, inRun, this.#ascii);
    this.#ahead = linesOf(text, model.lines, inRun);
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

const countLines = (text: string) => text.split("\n").length - 1;

const linesOf = (text: string, from: number, to: number) =>
  text
    .split("\n")
    .slice(from, to)
    .map((line) => `${line}\n`)
    .join("");
