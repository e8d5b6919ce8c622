import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import type { Batch, Series } from "../contract/batch.ts";
import type { ImportedRun } from "../contract/importer.ts";
import { writeFully } from "../disk/atomic-file.ts";
import { storageError } from "../disk/storage-errors.ts";
import type { Experiment } from "../schema/experiment.ts";
import { claimDirectoryFor } from "./claim-directory.ts";
import type { Containment } from "./containment.ts";
import { ARTIFACTS_DIRECTORY, META_FILE, METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { formatMeta } from "./meta-yaml.ts";
import { LineFormatter, runLineEnd } from "./metric-line.ts";
import { newRunMeta, STATUS_NUMBERS } from "./run-files.ts";
import { RunInputs } from "./run-inputs.ts";
import { RunOutputs } from "./run-outputs.ts";
import { SeriesPositions } from "./series-positions.ts";

/** Where an imported run goes. */
export interface ImportPlace {
  readonly containment: Containment;
  readonly experiment: Experiment;
  readonly experimentDirectory: string;
}

/**
 * Makes a run that another store has, values and all, in a directory that is renamed into its place when it is whole: its files are
 * written as they are, because nobody sees them before. Answers where its artifacts are; `undefined` where there is such a run.
 */
export async function writeImportedRun(
  { containment, experiment, experimentDirectory }: ImportPlace,
  run: ImportedRun,
  values: AsyncIterable<Batch> | undefined,
): Promise<string | undefined> {
  const { id, name } = run;
  const place = join(experimentDirectory, id);
  const created = newRunMeta(experiment, id, name, run);
  const meta = { ...created, status: STATUS_NUMBERS[run.status], end_time: run.endTime ?? null };
  try {
    const isNew = await claimDirectoryFor(experimentDirectory, place, async (directory) => {
      for (const child of [METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY, ARTIFACTS_DIRECTORY]) {
        mkdirSync(`${directory}/${child}`);
      }
      writeTexts(`${directory}/${PARAMS_DIRECTORY}`, run.params);
      writeTexts(`${directory}/${TAGS_DIRECTORY}`, run.tags);
      const inputs = new RunInputs(containment, directory);
      for (const input of run.inputs) inputs.writeDataset(id, input);
      for (const model of run.modelInputs) inputs.writeModel(id, model);
      const outputs = new RunOutputs(containment, directory);
      for (const model of run.modelOutputs) outputs.write(model);
      writeFileSync(`${directory}/${META_FILE}`, formatMeta(meta));
      const writer = new NewMetricFiles(`${directory}/${METRICS_DIRECTORY}`);
      for await (const batch of values ?? []) writer.write(batch);
    });
    return isNew ? created.artifact_uri : undefined;
  } catch (error) {
    throw error instanceof TidemarkError ? error : storageError("create", place, error);
  }
}

/** Their keys are checked. */
function writeTexts(directory: string, texts: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(texts)) {
    const path = `${directory}/${key}`;
    if (key.includes("/")) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, value, { flag: "wx" });
  }
}

/** Metric files of a directory that nobody else has. */
class NewMetricFiles {
  readonly #directory: string;
  readonly #positions = new SeriesPositions();
  readonly #formatter = new LineFormatter();

  constructor(directory: string) {
    this.#directory = directory;
  }

  write({ metrics, series }: Batch): void {
    this.#positions.group(metrics, series.length);
    const { values, timestamps, steps } = metrics;
    for (const { seriesId, from, to } of this.#positions) {
      const each = series[seriesId] as Series;
      const path = `${this.#directory}/${each.key}`;
      if (each.key.includes("/")) mkdirSync(dirname(path), { recursive: true });
      const { positions } = this.#positions;
      const lines = this.#formatter.format({ values, timestamps, steps, positions, from, to }, runLineEnd(each));
      const descriptor = openSync(path, "a");
      try {
        writeFully(descriptor, lines);
      } finally {
        closeSync(descriptor);
      }
    }
  }
}
