import { dirname, join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { damaged } from "../disk/storage-errors.ts";
import { byDataset, type Dataset, type DatasetInput } from "../schema/dataset.ts";
import { byModel, type ModelInput } from "../schema/model-link.ts";
import type { Containment } from "./containment.ts";
import { entriesOf, typeOf } from "./key-files.ts";
import { DATASETS_DIRECTORY, INPUTS_DIRECTORY, isId, META_FILE, md5Of } from "./layout.ts";
import { createMeta, Meta } from "./meta-yaml.ts";
import { skipDamaged } from "./store-files.ts";

/** What a run used, by kind. */
export interface Inputs {
  readonly datasets: DatasetInput[];
  readonly models: ModelInput[];
}

/**
 * The datasets and logged models a run used. A dataset is described once in the experiment, and a run refers to it. Python names the
 * file of the run by both ids, so one dataset stands in a run at most once, with the tags it was first logged with.
 */
export class RunInputs {
  readonly #containment: Containment;
  readonly #runDirectory: string;
  readonly #experimentDirectory: string;

  constructor(containment: Containment, runDirectory: string) {
    this.#containment = containment;
    this.#runDirectory = runDirectory;
    this.#experimentDirectory = dirname(runDirectory);
  }

  /** Answers the files it is in. */
  writeDataset(runId: string, { dataset, tags }: DatasetInput): readonly string[] {
    const datasetId = md5Of(dataset.name, dataset.digest);
    const datasetMeta = join(this.#experimentDirectory, DATASETS_DIRECTORY, datasetId, META_FILE);
    const { name, digest, sourceType, source, schema = null, profile = null } = dataset;
    const description = { name, digest, source_type: sourceType, source, schema, profile };
    createMeta(this.#containment, this.#experimentDirectory, datasetMeta, description);
    return [datasetMeta, this.#refer(runId, "DATASET", datasetId, tags)];
  }

  writeModel(runId: string, { modelId }: ModelInput): void {
    this.#refer(runId, "MODEL", modelId, {});
  }

  /** All that can be read: datasets by name and digest, models by id. */
  read(): Inputs {
    const directory = join(this.#runDirectory, INPUTS_DIRECTORY);
    const inputs: Inputs = { datasets: [], models: [] };
    for (const entry of entriesOf(this.#containment, directory)) {
      const path = join(directory, entry.name);
      if (typeOf(this.#containment, path, entry) !== "directory") continue;
      skipDamaged(() => this.#readInto(inputs, join(path, META_FILE)));
    }
    inputs.datasets.sort(byDataset);
    inputs.models.sort(byModel);
    return inputs;
  }

  #refer(runId: string, type: "DATASET" | "MODEL", id: string, tags: Readonly<Record<string, string>>): string {
    const path = join(this.#runDirectory, INPUTS_DIRECTORY, md5Of(id, runId), META_FILE);
    createMeta(this.#containment, this.#runDirectory, path, {
      // MLflow writes the source's id in both places.
      destination_id: id,
      destination_type: "RUN",
      source_id: id,
      source_type: type,
      tags,
    });
    return path;
  }

  #readInto({ datasets, models }: Inputs, path: string): void {
    const meta = Meta.read(this.#containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    const id = meta.text("source_id") ?? "";
    if (meta.text("source_type") === "MODEL" && isId(id)) models.push({ modelId: id });
    if (meta.text("source_type") !== "DATASET") return;
    const dataset = this.#readDataset(id);
    if (dataset !== undefined) datasets.push({ dataset, tags: meta.texts("tags") });
  }

  #readDataset(datasetId: string): Dataset | undefined {
    const path = join(this.#experimentDirectory, DATASETS_DIRECTORY, datasetId, META_FILE);
    const meta = /^[0-9a-f]{32}$/.test(datasetId) ? Meta.read(this.#containment, path) : undefined;
    if (meta === undefined) {
      warnOnce(`dataset:${path}`, `${this.#runDirectory} used a dataset that is not there any more: ${path}`);
      return undefined;
    }
    const [name, digest] = [meta.text("name"), meta.text("digest")];
    if (name === undefined || digest === undefined) throw damaged(path, "has no name or no digest");
    const [schema, profile] = [meta.text("schema"), meta.text("profile")];
    return {
      name,
      digest,
      sourceType: meta.text("source_type") ?? "",
      source: meta.text("source") ?? "",
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
    };
  }
}
