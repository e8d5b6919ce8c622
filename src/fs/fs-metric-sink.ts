import { dirname, join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import type { KeyKind } from "../base/key-rules.ts";
import type { Batch, MetricColumns, Series } from "../contract/batch.ts";
import type { SinkLimits, SyncMetricSink } from "../contract/metric-sink.ts";
import { OK, type Outcome } from "../contract/outcome.ts";
import { isPermanent, storageError } from "../disk/storage-errors.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import { Durability } from "./durability.ts";
import { setParam, setText, type TextPlace } from "./key-files.ts";
import { KeyTree } from "./key-tree.ts";
import { METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { MetricFile } from "./metric-file.ts";
import { LineFormatter } from "./metric-line.ts";
import type { RunFiles } from "./run-files.ts";
import { RunInputs } from "./run-inputs.ts";
import { RunMarks } from "./run-marks.ts";
import { SeriesPositions } from "./series-positions.ts";
import { SeriesWriter } from "./series-writer.ts";
import type { StoreFiles } from "./store-files.ts";
import { WriteReport } from "./write-report.ts";

/** Old enough that a watching person waits, young enough that a kill loses little. */
const FLUSH_INTERVAL_MS = 500;

/** Writes what a run logs into its directory, in the order inputs, params, tags, metrics, marks. */
export class FsMetricSink implements SyncMetricSink {
  readonly limits: SinkLimits = { flushIntervalMs: FLUSH_INTERVAL_MS };
  readonly #store: StoreFiles;
  readonly #runs: RunFiles;
  readonly #runId: string;
  readonly #place: string;
  readonly #inputs: RunInputs;
  readonly #marks: RunMarks;
  /** Takes back that somebody writes to the run. */
  readonly #leave: () => void;
  readonly #durability: Durability;
  readonly #trees: Readonly<Record<KeyKind, KeyTree>>;
  /** By key: several series may share a file. */
  readonly #files = new Map<string, MetricFile>();
  readonly #writers: SeriesWriter[] = [];
  readonly #positions = new SeriesPositions();
  readonly #formatter = new LineFormatter();

  constructor(store: StoreFiles, runs: RunFiles, runId: string, place: string) {
    this.#store = store;
    this.#runs = runs;
    this.#runId = runId;
    this.#place = place;
    this.#inputs = new RunInputs(store.containment, place);
    this.#marks = new RunMarks(store.containment, place);
    this.#leave = store.noteWriter(place);
    this.#durability = new Durability(store.directory);
    this.#trees = {
      metric: new KeyTree("metric", join(place, METRICS_DIRECTORY)),
      param: new KeyTree("param", join(place, PARAMS_DIRECTORY)),
      tag: new KeyTree("tag", join(place, TAGS_DIRECTORY)),
    };
  }

  checkKey(kind: KeyKind, key: string): TidemarkError | undefined {
    return this.#trees[kind].admit(key);
  }

  writeSync(batch: Batch): Outcome {
    const report = new WriteReport(batch);
    const params = this.#texts(PARAMS_DIRECTORY);
    const tags = this.#texts(TAGS_DIRECTORY);
    this.#writeEach(report, "inputs", batch.inputs, (input) => this.#inputs.writeDataset(this.#runId, input));
    this.#writeEach(report, "params", batch.params, ({ key, value }) => [setParam(params, this.#runId, key, value)]);
    this.#writeEach(report, "tags", batch.tags, ({ key, value }) => this.#writeTag(tags, key, value));
    if (batch.metrics.length > 0 && report.canGoOn) this.#writeMetrics(report, batch.metrics, batch.series);
    const { marks = [] } = batch;
    // They stand for values that are there: while some have to come again, so have the marks behind them.
    if (report.isSettledBut(marks.length)) this.#writeEach(report, "marks", marks, (mark) => [this.#marks.set(mark)]);
    return report.isComplete ? OK : report.outcome();
  }

  async makeDurable(): Promise<void> {
    await this.#durability.sync();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#leave();
  }

  /** Writes one file after another until the disk has enough of it. */
  #writeEach<T>(
    report: WriteReport,
    kind: "inputs" | "params" | "tags" | "marks",
    items: readonly T[],
    write: (item: T) => readonly string[],
  ): void {
    for (let i = 0; i < items.length && report.canGoOn; i++) {
      try {
        for (const path of write(items[i] as T)) this.#durability.note(path);
        report.accept(kind, i);
      } catch (error) {
        const coded = storageError("write", join(this.#place, kind), error);
        if (isPermanent(error)) report.reject(kind, i, coded);
        else report.retry(coded);
      }
    }
  }

  /** The run's name stands in its meta.yaml too. */
  #writeTag(place: TextPlace, key: string, value: string): readonly string[] {
    if (key === RUN_NAME_TAG) this.#runs.update(this.#place, { name: value });
    return [setText(place, key, value)];
  }

  #writeMetrics(report: WriteReport, metrics: MetricColumns, series: readonly Series[]): void {
    const { values, timestamps, steps } = metrics;
    this.#positions.group(metrics, series.length);
    for (const { seriesId, from, to } of this.#positions) {
      const { positions } = this.#positions;
      const writer = this.#writerOf(seriesId, series);
      if (writer instanceof TidemarkError) {
        report.rejectMetrics(positions, from, to, writer);
        continue;
      }
      const { lines, error, retryAfterMs } = writer.append({ values, timestamps, steps, positions, from, to });
      for (const path of writer.paths) this.#durability.note(path);
      report.acceptMetrics(positions, from, from + lines);
      if (error === undefined) continue;
      const coded = storageError("write", writer.paths[0] as string, error);
      if (isPermanent(error)) report.rejectMetrics(positions, from + lines, to, coded);
      else report.retry(coded, retryAfterMs);
      if (!report.canGoOn) return;
    }
  }

  #writerOf(seriesId: number, series: readonly Series[]): SeriesWriter | TidemarkError {
    const each = series[seriesId] as Series;
    const known = this.#writers[seriesId];
    // A client's single write brings a table of its own.
    if (known?.series === each) return known;
    const refusal = this.checkKey("metric", each.key);
    if (refusal !== undefined) return refusal;
    const writer = new SeriesWriter(
      {
        runId: this.#runId,
        experimentDirectory: dirname(this.#place),
        formatter: this.#formatter,
        runFile: (key) => this.#file(this.#place, join(this.#place, METRICS_DIRECTORY, key)),
        modelFile: (modelDirectory, path) => this.#file(modelDirectory, path),
      },
      each,
    );
    this.#writers[seriesId] = writer;
    return writer;
  }

  #file(root: string, path: string): MetricFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const { descriptors, containment } = this.#store;
    const file = new MetricFile({ cache: descriptors, containment, root }, path);
    this.#files.set(path, file);
    return file;
  }

  #texts(directory: string): TextPlace {
    return { containment: this.#store.containment, root: this.#place, directory: join(this.#place, directory) };
  }
}
