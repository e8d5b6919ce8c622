import { invalidArgument, messageOf, TidemarkError } from "../base/errors.ts";
import { checkRelativePath } from "../base/paths.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { checkArgument } from "../schema/check.ts";
import { type TransferWatch, uploadArtifact, uploadDirectory } from "./artifact-transfers.ts";
import { IMAGES_TAG, type LogImageOptions, logImageFile, logKeyedImage } from "./media/log-image.ts";
import { logTable } from "./media/log-table.ts";
import type { MediaTarget } from "./media/media-target.ts";
import { type TransferOptions, transferOptionsSchema } from "./run-options.ts";
import type { RunPlace } from "./run-place.ts";

/** What the files of a run depend on. */
export interface RunArtifactsParts {
  readonly place: RunPlace;
  readonly appendTag: (key: string, value: string) => void;
  /** Makes the run's end wait. */
  readonly track: (upload: Promise<void>) => Promise<void>;
}

/** The files of an open run. Arguments are checked, and what may change is copied, before a call returns its promise. */
export class RunArtifacts {
  readonly #parts: RunArtifactsParts;
  readonly #announcedTables = new Set<string>();
  #hasImages: boolean;

  constructor(parts: RunArtifactsParts) {
    this.#parts = parts;
    this.#hasImages = parts.place.entity.tags[IMAGES_TAG.key] !== undefined;
  }

  logArtifact(localPath: string, options: TransferOptions): Promise<void> {
    return this.#upload(options, (path, watch) => uploadArtifact(this.#store, localPath, path, watch));
  }

  logArtifacts(localDirectory: string, options: TransferOptions): Promise<void> {
    return this.#upload(options, (path, watch) => uploadDirectory(this.#store, localDirectory, path, watch));
  }

  async logText(text: string, path: string): Promise<void> {
    if (typeof text !== "string") throw invalidArgument("text", text, "a string");
    checkRelativePath("path", path);
    await this.#parts.track(this.#store.write(path, new TextEncoder().encode(text)));
  }

  async logJson(value: unknown, path: string): Promise<void> {
    let text: string | undefined;
    try {
      text = JSON.stringify(value, undefined, 2);
    } catch (error) {
      throw new TidemarkError("INVALID_PARAMETER_VALUE", `value: cannot be JSON: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (text === undefined) throw invalidArgument("value", value, "something JSON can hold");
    await this.logText(text, path);
  }

  logTable(rows: unknown, path: string): Promise<void> {
    const { place, appendTag } = this.#parts;
    const target: MediaTarget = {
      runId: place.entity.id,
      artifacts: this.#store,
      announced: this.#announcedTables,
      readTag: (key) => place.readTag(key),
      writeTag: async (tag) => {
        if (!(await place.writeTag(tag))) appendTag(tag.key, tag.value);
      },
    };
    return this.#parts.track(logTable(target, rows, path));
  }

  logImage(image: unknown, target: string | LogImageOptions): Promise<void> {
    const logged =
      typeof target === "string"
        ? logImageFile(this.#store, image, target)
        : logKeyedImage(this.#store, image, target, () => this.#announceImages());
    return this.#parts.track(logged);
  }

  get #store(): ArtifactStore {
    return this.#parts.place.artifacts;
  }

  #announceImages(): void {
    if (this.#hasImages) return;
    this.#parts.appendTag(IMAGES_TAG.key, IMAGES_TAG.value);
    this.#hasImages = true;
  }

  async #upload(
    options: TransferOptions,
    upload: (path: string | undefined, watch: TransferWatch) => Promise<void>,
  ): Promise<void> {
    const { path, ...watch } = checkArgument("options", transferOptionsSchema, options);
    if (path !== undefined) checkRelativePath("path", path);
    await this.#parts.track(upload(path, watch));
  }
}
