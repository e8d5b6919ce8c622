import { TidemarkError } from "../base/errors.ts";
import type { ImportedVersion } from "../contract/importer.ts";
import type { LoggedModelStore } from "../contract/logged-model-store.ts";
import type { VersionRef } from "../contract/registry-store.ts";
import type { TrackingStore } from "../contract/tracking-store.ts";
import { type CreateVersion, copiedVersion } from "../schema/model-version.ts";

/** What a version's source turned out to be. */
export interface ResolvedSource {
  /** The run it comes from, given or found. */
  readonly runId: string | undefined;
  /** Where the files are. */
  readonly storageLocation: string;
}

/** Answers what another version's source turned out to be. */
export type FindVersion = (ref: VersionRef) => ResolvedSource;

/** Finds out what the source of a new version stands for, and that what it names is there. */
export class SourceResolver {
  readonly #tracking: TrackingStore;
  readonly #loggedModels: LoggedModelStore;

  constructor(tracking: TrackingStore, loggedModels: LoggedModelStore) {
    this.#tracking = tracking;
    this.#loggedModels = loggedModels;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where a run, a logged model or a version is missing */
  async resolve({ source, runId, modelId }: CreateVersion, findVersion: FindVersion): Promise<ResolvedSource> {
    if (runId !== undefined) await this.#tracking.getRun(runId);
    const model = modelId === undefined ? undefined : await this.#loggedModels.get(modelId);
    const found = await this.#locate(source, findVersion);
    return { storageLocation: found.storageLocation, runId: runId ?? model?.sourceRunId ?? found.runId };
  }

  /** Where the files of an imported version are: what its source names may be gone for long. */
  async storageLocation({ source }: ImportedVersion, findVersion: FindVersion): Promise<string> {
    try {
      return (await this.#locate(source, findVersion)).storageLocation;
    } catch (error) {
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return source;
      throw error;
    }
  }

  async #locate(source: string, findVersion: FindVersion): Promise<ResolvedSource> {
    const [, scheme, rest = ""] = /^(runs|models):\/+(.*)$/.exec(source) ?? [];
    if (scheme === "runs") {
      const [id = "", ...path] = rest.split("/");
      const { artifactUri } = await this.#tracking.getRun(id);
      return { runId: id, storageLocation: [artifactUri, ...path].join("/") };
    }
    if (scheme === "models" && /^[^/@]+$/.test(rest)) {
      const { artifactLocation, sourceRunId } = await this.#loggedModels.get(rest);
      return { runId: sourceRunId, storageLocation: artifactLocation };
    }
    const copied = copiedVersion(source);
    if (copied !== undefined) return findVersion(copied);
    if (scheme === "models") {
      const message = `source: expected models:/<id of a logged model> or models:/<name>/<version>, got ${JSON.stringify(source)}`;
      throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "source" } });
    }
    return { runId: undefined, storageLocation: source };
  }
}
