import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { TidemarkError } from "../base/errors.ts";
import { checkRelativePath, relativePathProblem } from "../base/paths.ts";
import { noSuchArtifact, refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";
import { bytesSource, fileSource, localError, type UploadSource } from "../disk/upload-source.ts";
import type { S3Client } from "./client.ts";
import { contentHeaders } from "./content-type.ts";
import { deleteBelow } from "./delete-below.ts";
import { Download } from "./download.ts";
import { isMissingObject } from "./s3-error.ts";
import { uploadObject } from "./upload.ts";

/** Artifacts in a bucket, below a prefix, where MLflow's own client finds them, and puts them. */
export class S3ArtifactStore implements ArtifactStore {
  readonly uri: string;
  readonly #client: S3Client;
  readonly #prefix: string;

  /** @param prefix - Without slashes at its ends; empty for the whole bucket. */
  constructor(uri: string, client: S3Client, prefix: string) {
    this.uri = uri;
    this.#client = client;
    this.#prefix = prefix;
  }

  async list(directory?: string): Promise<readonly ArtifactInfo[]> {
    const place = directory === undefined ? "" : `${checkRelativePath("directory", directory)}/`;
    const prefix = this.#prefix === "" ? place : `${this.#prefix}/${place}`;
    const infos: ArtifactInfo[] = [];
    for await (const { objects, prefixes } of this.#client.list({ prefix, delimiter: "/" })) {
      for (const found of prefixes)
        infos.push({ path: place + this.#nameIn(prefix, found.replace(/\/$/, "")), isDirectory: true });
      for (const { key, sizeBytes } of objects) {
        // Some tools make such an object for a directory that is to be seen while it is empty.
        if (sizeBytes === 0 && key.endsWith("/")) continue;
        infos.push({ path: place + this.#nameIn(prefix, key), isDirectory: false, sizeBytes });
      }
    }
    return infos.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async upload(localFile: string, path: string, control: TransferControl = {}): Promise<void> {
    const key = this.#keyOf(path);
    refuseIfAborted(control.signal);
    await this.#send(key, await fileSource(localFile), control);
  }

  async write(path: string, bytes: Uint8Array, control: TransferControl = {}): Promise<void> {
    const key = this.#keyOf(path);
    refuseIfAborted(control.signal);
    await this.#send(key, bytesSource(bytes), control);
  }

  async download(path: string, localFile: string, control: TransferControl = {}): Promise<void> {
    const temporary = `${localFile}.${randomUUID()}.part`;
    try {
      await this.#fetch(path, control, (download) => download.into(temporary));
      await rename(temporary, localFile);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error instanceof TidemarkError ? error : localError(localFile, error);
    }
  }

  async read(path: string, control: TransferControl = {}): Promise<Uint8Array> {
    return await this.#fetch(path, control, async (download) => {
      const pieces: Buffer[] = [];
      for await (const piece of download.pieces()) pieces.push(piece);
      return Buffer.concat(pieces);
    });
  }

  async delete(path: string): Promise<void> {
    const key = this.#keyOf(path);
    const isFile = (await this.#client.find(key)) !== undefined;
    if (isFile) await this.#client.delete(key);
    const count = await deleteBelow(this.#client, `${key}/`);
    if (!isFile && count === 0) throw noSuchArtifact(path, this.uri);
  }

  async #send(key: string, source: UploadSource, control: TransferControl): Promise<void> {
    try {
      await uploadObject(this.#client, key, source, contentHeaders(key), control);
    } catch (error) {
      refuseIfAborted(control.signal);
      throw error;
    }
  }

  async #fetch<T>(path: string, control: TransferControl, receive: (download: Download) => Promise<T>): Promise<T> {
    const key = this.#keyOf(path);
    refuseIfAborted(control.signal);
    try {
      return await receive(await Download.begin(this.#client, key, control));
    } catch (error) {
      refuseIfAborted(control.signal);
      throw isMissingObject(error) ? noSuchArtifact(path, this.uri) : error;
    }
  }

  #keyOf(path: string): string {
    checkRelativePath("artifact path", path);
    return this.#prefix === "" ? path : `${this.#prefix}/${path}`;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` for what is not below the prefix, and for what is no file name */
  #nameIn(prefix: string, key: string): string {
    const name = key.slice(prefix.length);
    if (key.startsWith(prefix) && relativePathProblem(name) === undefined && !name.includes("/")) return name;
    const message = `there is an object ${JSON.stringify(key)} in ${this.uri}, which is no file name`;
    throw new TidemarkError("DATA_DAMAGED", message);
  }
}
