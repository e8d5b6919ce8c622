import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { byDataset, type Dataset, type DatasetInput } from "../schema/dataset.ts";
import { createFile, makeParents } from "./atomic-file.ts";
import type { Containment } from "./containment.ts";
import { entriesOf, typeOf } from "./key-files.ts";
import { DATASETS_DIRECTORY, INPUTS_DIRECTORY, META_FILE, md5Of } from "./layout.ts";
import { formatMeta, Meta } from "./meta-yaml.ts";
import { damaged } from "./storage-errors.ts";
import { skipDamaged } from "./store-files.ts";

/**
 * The datasets a run used: each is described once in the experiment, and a run refers to it. Python names the file of the run by
 * both ids, so one dataset stands in a run at most once, with the tags it was first logged with.
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
  write(runId: string, { dataset, tags }: DatasetInput): readonly string[] {
    const datasetId = md5Of(dataset.name, dataset.digest);
    const inputId = md5Of(datasetId, runId);
    const datasetMeta = join(this.#experimentDirectory, DATASETS_DIRECTORY, datasetId, META_FILE);
    const inputMeta = join(this.#runDirectory, INPUTS_DIRECTORY, inputId, META_FILE);
    const { name, digest, sourceType, source, schema = null, profile = null } = dataset;
    this.#createMeta(this.#experimentDirectory, datasetMeta, () =>
      formatMeta({ name, digest, source_type: sourceType, source, schema, profile }),
    );
    this.#createMeta(this.#runDirectory, inputMeta, () =>
      formatMeta({
        // MLflow writes the source's id in both places.
        destination_id: datasetId,
        destination_type: "RUN",
        source_id: datasetId,
        source_type: "DATASET",
        tags,
      }),
    );
    return [datasetMeta, inputMeta];
  }

  /** All that can be read, by name and digest. */
  read(): DatasetInput[] {
    const directory = join(this.#runDirectory, INPUTS_DIRECTORY);
    const inputs = entriesOf(this.#containment, directory).flatMap((entry) => {
      const path = join(directory, entry.name);
      if (typeOf(this.#containment, path, entry) !== "directory") return [];
      return skipDamaged(() => this.#readOne(join(path, META_FILE))) ?? [];
    });
    return inputs.sort(byDataset);
  }

  #createMeta(root: string, path: string, format: () => string): void {
    if (existsSync(path)) return;
    makeParents(this.#containment, root, path);
    createFile(root, path, format());
  }

  #readOne(path: string): DatasetInput | undefined {
    const meta = Meta.read(this.#containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    if (meta.text("source_type") !== "DATASET") return undefined;
    const dataset = this.#readDataset(meta.text("source_id") ?? "");
    return dataset === undefined ? undefined : { dataset, tags: meta.texts("tags") };
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
