import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { warnOnce } from "../base/diagnostics.ts";
import { describe } from "../base/errors.ts";
import { isLaterPoint } from "../base/point-order.ts";
import { noSuchLoggedModel } from "../base/store-errors.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import { byMetric, type LoggedModel, type LoggedModelStatus, type ModelMetric } from "../schema/model.ts";
import { keyFiles, readTexts, type TextPlace } from "./key-files.ts";
import {
  ARTIFACTS_DIRECTORY,
  isId,
  META_FILE,
  METRICS_DIRECTORY,
  MODELS_DIRECTORY,
  PARAMS_DIRECTORY,
  TAGS_DIRECTORY,
} from "./layout.ts";
import { Meta, type MetaValue } from "./meta-yaml.ts";
import { parsePythonFloat } from "./metric-parser.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

/** MLflow's numbers of the states (service.proto). */
export const STATUS_NUMBERS: Readonly<Record<LoggedModelStatus, number>> = { PENDING: 1, READY: 2, FAILED: 3 };
const STATUSES = new Map(
  Object.entries(STATUS_NUMBERS).map(([status, number]) => [number, status as LoggedModelStatus]),
);

/** Logged models as directories of an experiment. */
export class LoggedModelFiles {
  readonly #store: StoreFiles;

  constructor(store: StoreFiles) {
    this.#store = store;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, also where the model is deleted */
  find(modelId: string): { place: string; model: LoggedModel } {
    const place = isId(modelId) ? this.#placeOf(modelId) : undefined;
    const model = place === undefined ? undefined : this.#read(place);
    if (place === undefined || model === undefined) throw noSuchLoggedModel(modelId, this.#store.uri);
    return { place, model };
  }

  /** Whether a model has the id, in any experiment, be it deleted. */
  isTaken(modelId: string): boolean {
    return !isId(modelId) || this.#placeOf(modelId) !== undefined;
  }

  /** All models of an experiment that are there and can be read. */
  all(experimentDirectory: string): LoggedModel[] {
    const directory = join(experimentDirectory, MODELS_DIRECTORY);
    return this.#store.modelIds(directory).flatMap((id) => skipDamaged(() => this.#read(join(directory, id))) ?? []);
  }

  #placeOf(modelId: string): string | undefined {
    return this.#store
      .experimentDirectories()
      .map((experiment) => join(experiment, MODELS_DIRECTORY, modelId))
      .find((path) => this.#store.isDirectory(path));
  }

  change(place: string, changes: Readonly<Record<string, MetaValue>>): void {
    const meta = this.#meta(place);
    guarded("update", meta.path, () => replaceFile(place, meta.path, meta.with(changes)));
  }

  texts(place: string, directory: string): TextPlace {
    return { containment: this.#store.containment, root: place, directory: join(place, directory) };
  }

  /** `undefined` where the model is deleted. */
  #read(place: string): LoggedModel | undefined {
    const meta = this.#meta(place);
    if (meta.text("lifecycle_stage") === "deleted") return undefined;
    const id = meta.text("model_id");
    if (id !== basename(place)) throw damaged(meta.path, `says it is model ${id}, in the directory of another`);
    const status = STATUSES.get(meta.integer("status") ?? 0);
    if (status === undefined) throw damaged(meta.path, "has no status");
    const { containment } = this.#store;
    const optional = {
      sourceRunId: meta.text("source_run_id"),
      modelType: meta.text("model_type") || undefined,
      statusMessage: meta.text("status_message"),
    };
    return {
      id,
      name: meta.text("name") ?? "",
      experimentId: meta.text("experiment_id") ?? basename(dirname(dirname(place))),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      artifactLocation: meta.text("artifact_location") ?? pathToFileURL(join(place, ARTIFACTS_DIRECTORY)).href,
      status,
      creationTime: meta.integer("creation_timestamp") ?? 0,
      lastUpdateTime: meta.integer("last_updated_timestamp") ?? 0,
      params: readTexts(containment, "param", join(place, PARAMS_DIRECTORY)),
      tags: readTexts(containment, "tag", join(place, TAGS_DIRECTORY)),
      metrics: this.#metrics(place),
    };
  }

  #meta(place: string): Meta {
    const path = join(place, META_FILE);
    const meta = Meta.read(this.#store.containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    return meta;
  }

  #metrics(place: string): ModelMetric[] {
    const latest = new Map<string, ModelMetric>();
    for (const { key, path } of keyFiles(this.#store.containment, "metric", join(place, METRICS_DIRECTORY))) {
      for (const metric of readLines(path, key)) {
        const id = JSON.stringify([key, metric.datasetName, metric.datasetDigest]);
        const known = latest.get(id);
        if (known === undefined || isLaterPoint(metric, known)) latest.set(id, metric);
      }
    }
    return [...latest.values()].sort(byMetric);
  }
}

/** The lines of a model's metric file: `timestamp value step run [dataset digest]`. What is none is said and skipped. */
function readLines(path: string, key: string): ModelMetric[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.flatMap((line) => {
    const fields = line.split(" ");
    const [timestampText = "", valueText = "", stepText = "", runId = "", datasetName, datasetDigest] = fields;
    const [timestamp, value, step] = [Number(timestampText), parsePythonFloat(valueText), Number(stepText)];
    const isWhole = [timestamp, step].every(Number.isSafeInteger) && timestampText !== "" && stepText !== "";
    if ((fields.length === 4 || fields.length === 6) && isWhole && value !== undefined) {
      const dataset = datasetName === undefined || datasetDigest === undefined ? {} : { datasetName, datasetDigest };
      return [{ key, value, timestamp, step: step + 0, runId, ...dataset }];
    }
    warnOnce(`lines:${path}`, `${path}: a line that is no value of a model was skipped: ${describe(line)}`);
    return [];
  });
}
