import { z } from "zod";
import { checkRelativePath } from "../base/paths.ts";
import type { ArtifactInfo, ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import { checkArgument } from "../schema/check.ts";
import { runIdSchema } from "../schema/run.ts";
import { downloadArtifact, uploadArtifact } from "./artifact-transfers.ts";
import { transferOptionsSchema } from "./run-options.ts";

const placeSchema = z.strictObject({ runId: runIdSchema, path: z.string() });
const listSchema = placeSchema.partial({ path: true });
const uploadSchema = z.strictObject({ runId: runIdSchema, localPath: z.string(), ...transferOptionsSchema.shape });
const downloadSchema = z.strictObject({ runId: runIdSchema, destination: z.string(), ...transferOptionsSchema.shape });

/** A file or directory among a run's artifacts. @interface */
export type ArtifactPlace = z.input<typeof placeSchema>;
/** What `client.artifacts.list` takes. @interface */
export type ListArtifacts = z.input<typeof listSchema>;
/** What `client.artifacts.upload` takes. @interface */
export type UploadArtifact = z.input<typeof uploadSchema>;
/** What `client.artifacts.download` takes. @interface */
export type DownloadArtifact = z.input<typeof downloadSchema>;

/** `client.artifacts` */
export class ArtifactsClient {
  readonly #backend: Backend;

  /** @internal */
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** What a directory of a run's artifacts holds directly; without `path`, their root. */
  async list(place: ListArtifacts): Promise<readonly ArtifactInfo[]> {
    const { runId, path } = checkArgument("artifacts", listSchema, place);
    if (path !== undefined) checkRelativePath("path", path);
    return await (await this.#storeOf(runId)).list(path);
  }

  /** Copies a local file or directory into the directory `path` of a run's artifacts. */
  async upload(input: UploadArtifact): Promise<void> {
    const { runId, localPath, path, ...watch } = checkArgument("upload", uploadSchema, input);
    if (path !== undefined) checkRelativePath("path", path);
    await uploadArtifact(await this.#storeOf(runId), localPath, path, watch);
  }

  /**
   * Copies a file or directory of a run's artifacts into the local directory `destination`, keeping its path below it, and
   * answers where it is now. Without `path`, all artifacts.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `CANCELLED`, or the backend's error
   */
  async download(input: DownloadArtifact): Promise<string> {
    const { runId, path, destination, ...watch } = checkArgument("download", downloadSchema, input);
    if (path !== undefined) checkRelativePath("path", path);
    return await downloadArtifact(await this.#storeOf(runId), path, destination, watch);
  }

  /** The bytes of one file. */
  async read(place: ArtifactPlace): Promise<Uint8Array> {
    const { runId, path } = checkArgument("artifact", placeSchema, place);
    return await (await this.#storeOf(runId)).read(checkRelativePath("path", path));
  }

  /** Deletes a file, or a directory with all it holds. */
  async delete(place: ArtifactPlace): Promise<void> {
    const { runId, path } = checkArgument("artifact", placeSchema, place);
    await (await this.#storeOf(runId)).delete(checkRelativePath("path", path));
  }

  async #storeOf(runId: string): Promise<ArtifactStore> {
    return this.#backend.artifacts((await this.#backend.tracking.getRun(runId)).artifactUri);
  }
}
