import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ImportedVersion } from "../contract/importer.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import { guarded } from "../disk/storage-errors.ts";
import type { RegisteredModel } from "../schema/model-version.ts";
import { claimDirectory, discardDirectory } from "./claim-directory.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import { setText } from "./key-files.ts";
import { ALIASES_DIRECTORY, META_FILE } from "./layout.ts";
import { formatMeta } from "./meta-yaml.ts";
import { type ModelFiles, versionPlace } from "./model-files.ts";
import type { StoreFiles } from "./store-files.ts";

/** Makes the directories of models and versions, each prepared elsewhere and put in its place whole, and takes models away the same way. */
export class NewModels {
  readonly #store: StoreFiles;
  readonly #files: ModelFiles;
  readonly #experiments: ExperimentFiles;

  constructor(store: StoreFiles, files: ModelFiles, experiments: ExperimentFiles) {
    this.#store = store;
    this.#files = files;
    this.#experiments = experiments;
  }

  /** Answers false where the name is taken. */
  make({ name, description, creationTime, lastUpdateTime, tags, aliases }: RegisteredModel): boolean {
    const place = this.#files.placeOf(name);
    const workshop = this.#workshop();
    return guarded("create", place, () => {
      makeDirectory(this.#files.directory);
      return claimDirectory(workshop, place, (directory) => {
        const times = { creation_timestamp: creationTime, last_updated_timestamp: lastUpdateTime };
        const meta = { name, description: description ?? null, ...times };
        writeFileSync(join(directory, META_FILE), formatMeta({ ...meta, ...UNUSED_MODEL_FIELDS }));
        this.#files.setTags(directory, tags);
        const numbers = this.#files.texts(directory, ALIASES_DIRECTORY);
        for (const [alias, version] of Object.entries(aliases)) setText(numbers, alias, String(version));
      });
    });
  }

  /** Answers false where the number is taken. */
  makeVersion(model: string, version: ImportedVersion, storageLocation: string): boolean {
    const { name, source, runId = null, modelId = null, description = null } = version;
    const target = versionPlace(model, version.version);
    return guarded("create", target, () =>
      claimDirectory(model, target, (directory) => {
        const meta = formatMeta({
          name,
          version: version.version,
          source,
          storage_location: storageLocation,
          run_id: runId,
          model_id: modelId,
          description,
          creation_timestamp: version.creationTime,
          last_updated_timestamp: version.lastUpdateTime,
          current_stage: version.stage,
          ...UNUSED_VERSION_FIELDS,
        });
        writeFileSync(join(directory, META_FILE), meta);
        this.#files.setTags(directory, version.tags);
      }),
    );
  }

  discard(model: string): void {
    const workshop = this.#workshop();
    guarded("delete", model, () => discardDirectory(workshop, model));
  }

  /**
   * Where directories are prepared: inside an experiment, where Python looks past what it does not know. Among the models or at the
   * root of the store it would stumble over them.
   */
  #workshop(): string {
    const existing = this.#store.experimentDirectories()[0];
    if (existing !== undefined) return existing;
    guarded("create", this.#store.directory, () => mkdirSync(this.#store.directory, { recursive: true }));
    this.#experiments.createDefault();
    return this.#workshop();
  }
}

// Fields that Python writes into every file, for features that are not ours.
const UNUSED_MODEL_FIELDS = { deployment_job_id: null, deployment_job_state: null, workspace: "default" } as const;
const UNUSED_VERSION_FIELDS = {
  deployment_job_state: null,
  run_link: null,
  status: "READY",
  status_message: null,
  user_id: null,
  workspace: "default",
} as const;
