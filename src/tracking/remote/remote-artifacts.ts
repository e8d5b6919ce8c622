import { copyFile, readFile, stat } from "node:fs/promises";
import { warnOnce } from "../../base/diagnostics.ts";
import { messageOf } from "../../base/errors.ts";
import { noSuchArtifact } from "../../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../../contract/artifact-store.ts";
import type { Backend } from "../../contract/backend.ts";
import type { RemoteAccess } from "../../contract/remote-access.ts";
import type { SpoolEntry } from "../../queue/spool/spool-entry.ts";
import { MAX_STAGED_BYTES, type WaitingFile } from "../../queue/spool/staged-files.ts";
import { isAway, PATIENCE_MS, within } from "./away.ts";
import type { RemoteRun } from "./remote-run.ts";

/** How long an upload may make no progress before the file goes to the spool instead. */
const LONGEST_STALL_MS = 30_000;

/** What the files of a run at a backend that can be away depend on. */
export interface RemoteArtifactsParts {
  readonly backend: Backend;
  readonly access: RemoteAccess;
  readonly run: RemoteRun;
  readonly entry: SpoolEntry | undefined;
  /** Called when a file has gone to the spool. */
  readonly onStaged: () => void;
}

/**
 * The files of a run at a backend that can be away. A small file that cannot be uploaded is copied to the spool, and the call succeeds;
 * a large one fails after the backend's own repeats.
 */
export class RemoteArtifacts implements ArtifactStore {
  readonly uri: string;
  readonly #parts: RemoteArtifactsParts;
  readonly #hurry = new AbortController();
  #delivering: Promise<void> | undefined;

  constructor(uri: string, parts: RemoteArtifactsParts) {
    this.uri = uri;
    this.#parts = parts;
  }

  async list(directory?: string): Promise<readonly ArtifactInfo[]> {
    return await (await this.#store()).list(directory);
  }

  async upload(localFile: string, path: string, control: TransferControl = {}): Promise<void> {
    const { size } = await stat(localFile);
    await this.#send(path, size, localFile, control, (store, watched) => store.upload(localFile, path, watched));
  }

  async write(path: string, bytes: Uint8Array, control: TransferControl = {}): Promise<void> {
    await this.#send(path, bytes.length, bytes, control, (store, watched) => store.write(path, bytes, watched));
  }

  async download(path: string, localFile: string, control?: TransferControl): Promise<void> {
    const staged = this.#staged(path);
    if (staged !== undefined) await copyFile(staged.localFile, localFile);
    else await (await this.#store()).download(path, localFile, control);
  }

  async read(path: string, control?: TransferControl): Promise<Uint8Array> {
    const staged = this.#staged(path);
    if (staged !== undefined) return await readFile(staged.localFile);
    // The backend has nothing of a run that it does not know.
    if (!this.#parts.run.isMade) throw noSuchArtifact(path, this.uri);
    return await (await this.#store()).read(path, control);
  }

  async delete(path: string): Promise<void> {
    await (await this.#store()).delete(path);
  }

  /**
   * Uploads what waits in the spool, oldest first. A file that is refused stays there, and the others follow all the same.
   *
   * @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE`, or why a file was refused
   */
  deliver(): Promise<void> {
    this.#delivering ??= this.#deliver().finally(() => {
      this.#delivering = undefined;
    });
    return this.#delivering;
  }

  /** Small files on their way go to the spool at once. */
  hurry(): void {
    this.#hurry.abort();
  }

  async #deliver(): Promise<void> {
    const { entry, access, run } = this.#parts;
    const waiting = entry?.files.list() ?? [];
    if (entry === undefined || waiting.length === 0) return;
    const store = access.artifacts((await run.reach()).artifactUri);
    let refusal: unknown;
    for (const file of waiting) {
      try {
        await store.upload(file.localFile, file.path);
        entry.files.remove(file);
      } catch (error) {
        if (isAway(error)) throw error;
        refusal ??= error;
        warnOnce(`staged:${file.localFile}`, `${file.path} stays in the spool ${entry.directory}: ${messageOf(error)}`);
      }
    }
    if (refusal !== undefined) throw refusal;
  }

  async #send(
    path: string,
    sizeBytes: number,
    source: string | Uint8Array,
    control: TransferControl,
    send: (store: ArtifactStore, control: TransferControl) => Promise<void>,
  ): Promise<void> {
    const { entry, access, run } = this.#parts;
    if (entry === undefined || sizeBytes > MAX_STAGED_BYTES) return await send(await this.#store(), control);
    // What is staged must not overwrite later what is uploaded now.
    if (this.#staged(path) === undefined && !this.#hurry.signal.aborted) {
      const watch = new StallWatch(control, this.#hurry.signal);
      try {
        const { artifactUri } = await within(PATIENCE_MS, run.reach());
        return await send(access.artifacts(artifactUri), watch.control);
      } catch (error) {
        const isOurs = watch.hasStopped && control.signal?.aborted !== true;
        if (!isAway(error) && !isOurs) throw error;
      } finally {
        watch.stop();
      }
    }
    entry.files.add(path, source);
    this.#parts.onStaged();
  }

  /** The newest of what waits under a name. */
  #staged(path: string): WaitingFile | undefined {
    return this.#parts.entry?.files.list().findLast((file) => file.path === path);
  }

  async #store(): Promise<ArtifactStore> {
    const { backend, run } = this.#parts;
    return backend.artifacts((await run.reach()).artifactUri);
  }
}

/** Ends a transfer that stands still, or when there is no more time for it. */
class StallWatch {
  readonly control: TransferControl;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor({ signal, onBytes }: TransferControl, hurry: AbortSignal) {
    this.#timer = setTimeout(() => this.#stop.abort(), LONGEST_STALL_MS);
    this.control = {
      signal: AbortSignal.any([this.#stop.signal, hurry, ...(signal === undefined ? [] : [signal])]),
      onBytes: (count) => {
        this.#timer.refresh();
        onBytes?.(count);
      },
    };
  }

  get hasStopped(): boolean {
    return this.control.signal?.aborted === true;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
