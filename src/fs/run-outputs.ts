import { join } from "node:path";
import { damaged } from "../disk/storage-errors.ts";
import { byModel, type ModelOutput } from "../schema/model-link.ts";
import type { Containment } from "./containment.ts";
import { entriesOf, typeOf } from "./key-files.ts";
import { isId, META_FILE, OUTPUTS_DIRECTORY } from "./layout.ts";
import { createMeta, Meta } from "./meta-yaml.ts";
import { skipDamaged } from "./store-files.ts";

/** The logged models a run produced: each has a directory by its id, so it is produced once, at its first step. */
export class RunOutputs {
  readonly #containment: Containment;
  readonly #runDirectory: string;

  constructor(containment: Containment, runDirectory: string) {
    this.#containment = containment;
    this.#runDirectory = runDirectory;
  }

  write({ modelId, step }: ModelOutput): void {
    createMeta(this.#containment, this.#runDirectory, join(this.#runDirectory, OUTPUTS_DIRECTORY, modelId, META_FILE), {
      // MLflow writes the model's id in both places.
      destination_id: modelId,
      destination_type: "MODEL_OUTPUT",
      source_id: modelId,
      source_type: "RUN_OUTPUT",
      step,
      tags: {},
    });
  }

  /** All that can be read. */
  read(): ModelOutput[] {
    const directory = join(this.#runDirectory, OUTPUTS_DIRECTORY);
    const outputs = entriesOf(this.#containment, directory).flatMap((entry) => {
      const path = join(directory, entry.name);
      if (!isId(entry.name) || typeOf(this.#containment, path, entry) !== "directory") return [];
      return skipDamaged(() => this.#readOne(entry.name, join(path, META_FILE))) ?? [];
    });
    return outputs.sort(byModel);
  }

  #readOne(modelId: string, path: string): ModelOutput {
    const meta = Meta.read(this.#containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    return { modelId, step: meta.integer("step") ?? 0 };
  }
}
