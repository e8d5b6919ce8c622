import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Transform, type Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { redact } from "../base/diagnostics.ts";
import { invalidArgument, TidemarkError } from "../base/errors.ts";
import { checkRelativePath, relativePathProblem } from "../base/paths.ts";
import { noSuchArtifact, refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";
import { bytesSource, fileSource, localError, UploadBody, type UploadSource } from "../disk/upload-source.ts";
import type { HttpClient } from "../net/http-client.ts";
import { type ArtifactLocation, LIST_ROUTE, parseLocation, routeOfFile } from "./artifact-location.ts";
import { Download, type DownloadSource, proxiedFile } from "./download.ts";
import { uploadInParts } from "./multipart-upload.ts";
import { downloadInParts, presignedFile } from "./presigned-download.ts";
import type { RestClient } from "./rest-client.ts";
import { StorageClient } from "./storage-client.ts";
import { comesFromStorage, downloadPartBytes, goesUpInParts, uploadPartBytes } from "./transfer-choice.ts";

/** What may wait for the disk: pieces that come meanwhile are written together. */
const WRITE_BYTES = 1 << 20;

const listing = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        is_dir: z.boolean().default(false),
        file_size: z.union([z.number(), z.string().transform(Number)]).default(0),
      }),
    )
    .default([]),
});

/** Artifacts that an MLflow server hands out (`mlflow-artifacts:`): through itself, or by signing what goes to its storage. */
export class HttpArtifactStore implements ArtifactStore {
  readonly uri: string;
  readonly #rest: RestClient;
  readonly #storage: StorageClient;
  readonly #location: ArtifactLocation;

  constructor(rest: RestClient, storage: HttpClient, uri: string) {
    this.uri = redact(uri);
    this.#location = parseLocation(uri, rest.base);
    this.#rest = rest.at(this.#location.base);
    this.#storage = new StorageClient(storage, this.#rest);
  }

  async list(directory?: string): Promise<readonly ArtifactInfo[]> {
    const place = directory === undefined ? "" : checkRelativePath("directory", directory);
    const path = [this.#location.path, place].filter((part) => part !== "").join("/");
    const { files } = await this.#rest.call({ method: "GET", path: LIST_ROUTE, query: { path } }, listing);
    return files
      .map((file): ArtifactInfo => {
        const name = checkListedName(file.path, this.uri);
        const full = place === "" ? name : `${place}/${name}`;
        return file.is_dir
          ? { path: full, isDirectory: true }
          : { path: full, isDirectory: false, sizeBytes: file.file_size };
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async upload(localFile: string, path: string, control: TransferControl = {}): Promise<void> {
    checkWritable(path);
    refuseIfAborted(control.signal);
    await this.#send(path, await fileSource(localFile), control);
  }

  async write(path: string, bytes: Uint8Array, control: TransferControl = {}): Promise<void> {
    checkWritable(path);
    refuseIfAborted(control.signal);
    await this.#send(path, bytesSource(bytes), control);
  }

  async download(path: string, localFile: string, control: TransferControl = {}): Promise<void> {
    const temporary = `${localFile}.${randomUUID()}.part`;
    try {
      await this.#fetch(path, control, async (source) => {
        const { sizeBytes = 0 } = source;
        const partBytes = downloadPartBytes();
        if (sizeBytes > partBytes) await downloadInParts(source, sizeBytes, temporary, partBytes, control);
        else await pipe(source, createWriteStream(temporary, { highWaterMark: WRITE_BYTES }), control);
      });
      await rename(temporary, localFile);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error instanceof TidemarkError ? error : localError(localFile, error);
    }
  }

  async read(path: string, control: TransferControl = {}): Promise<Uint8Array> {
    const pieces = new Transform({ transform: (piece, _encoding, done) => done(null, piece) });
    const [, bytes] = await Promise.all([
      this.#fetch(path, control, (source) => pipe(source, pieces, control)).catch((error: Error) => {
        pieces.destroy(error);
        throw error;
      }),
      buffer(pieces),
    ]);
    return bytes;
  }

  async delete(path: string): Promise<void> {
    const route = this.#route(path);
    // The server answers that it has deleted what was never there.
    const siblings = await this.list(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : undefined);
    if (!siblings.some((sibling) => sibling.path === path)) throw noSuchArtifact(path, this.uri);
    await this.#rest.run({ method: "DELETE", path: route });
  }

  async #send(path: string, source: UploadSource, control: TransferControl): Promise<void> {
    try {
      const info = await this.#rest.info(control.signal);
      const isDone =
        goesUpInParts(info, source.sizeBytes) &&
        (await uploadInParts({ ...this.#place(path), source, partBytes: uploadPartBytes(), control }));
      if (!isDone) await this.#put(path, source, control);
    } catch (error) {
      refuseIfAborted(control.signal);
      throw error;
    }
  }

  async #put(path: string, source: UploadSource, { signal, onBytes }: TransferControl): Promise<void> {
    const body = new UploadBody(source, onBytes);
    const headers = { "content-length": String(body.sizeBytes), "content-type": "application/octet-stream" };
    const call = { method: "PUT", path: this.#route(path), headers, stream: body.stream, signal } as const;
    try {
      await (await this.#rest.open(call)).drop();
    } catch (error) {
      throw body.reason(error);
    }
  }

  async #fetch(path: string, control: TransferControl, receive: (source: DownloadSource) => Promise<void>) {
    checkRelativePath("artifact path", path);
    refuseIfAborted(control.signal);
    try {
      await receive(await this.#source(path, control.signal));
    } catch (error) {
      refuseIfAborted(control.signal);
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST")
        throw noSuchArtifact(path, this.uri);
      throw error;
    }
  }

  async #source(path: string, signal: AbortSignal | undefined): Promise<DownloadSource> {
    const info = await this.#rest.info(signal);
    if (comesFromStorage(info)) {
      try {
        return await presignedFile(this.#place(path), signal);
      } catch (error) {
        const isUnknown = error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED";
        if (!isUnknown || info.isPresignedOnly) throw error;
      }
    }
    return proxiedFile(this.#rest, this.#route(path));
  }

  #place(path: string) {
    return { rest: this.#rest, storage: this.#storage, location: this.#location, path };
  }

  #route(path: string): string {
    return routeOfFile(this.#location, checkRelativePath("artifact path", path));
  }
}

/** The server refuses `#`, and decodes a name until nothing is left to decode. */
function checkWritable(path: string): void {
  checkRelativePath("artifact path", path);
  if (/#|%[0-9a-f]{2}/i.test(path)) throw invalidArgument("artifact path", path, 'a path without "#" and "%41"');
}

const pipe = (source: DownloadSource, target: Writable, control: TransferControl): Promise<void> =>
  pipeline(
    new Download(source, control).pieces(),
    target,
    control.signal === undefined ? {} : { signal: control.signal },
  );

/** @throws {TidemarkError} `DATA_DAMAGED` */
function checkListedName(name: string, uri: string): string {
  if (relativePathProblem(name) === undefined && !name.includes("/")) return name;
  throw new TidemarkError(
    "DATA_DAMAGED",
    `the server lists an artifact ${JSON.stringify(name)} in ${uri}, which is no file name`,
  );
}
