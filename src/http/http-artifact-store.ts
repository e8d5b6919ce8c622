import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable, Transform, type Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { invalidArgument, messageOf, systemCodeOf, TidemarkError } from "../base/errors.ts";
import { checkRelativePath, relativePathProblem } from "../base/paths.ts";
import { noSuchArtifact, transferCancelled } from "../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";
import { type ArtifactLocation, LIST_ROUTE, parseLocation, routeOfFile } from "./artifact-location.ts";
import { Download } from "./download.ts";
import type { RestClient } from "./rest-client.ts";

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

/** Artifacts that go through an MLflow server (`mlflow-artifacts:`). */
export class HttpArtifactStore implements ArtifactStore {
  readonly uri: string;
  readonly #rest: RestClient;
  readonly #location: ArtifactLocation;

  constructor(rest: RestClient, uri: string) {
    this.uri = uri;
    this.#location = parseLocation(uri, rest.base);
    this.#rest = rest.at(this.#location.base);
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
    const route = this.#writableRoute(path);
    throwIfAborted(control.signal);
    const { size } = await stat(localFile).catch((error: unknown) => {
      throw localError(localFile, error);
    });
    await this.#put(route, size, () => createReadStream(localFile, { highWaterMark: 1 << 18 }), control);
  }

  async write(path: string, bytes: Uint8Array, control: TransferControl = {}): Promise<void> {
    const route = this.#writableRoute(path);
    throwIfAborted(control.signal);
    await this.#put(route, bytes.length, () => Readable.from([Buffer.from(bytes)], { objectMode: false }), control);
  }

  async download(path: string, localFile: string, control: TransferControl = {}): Promise<void> {
    const temporary = `${localFile}.${randomUUID()}.part`;
    try {
      await this.#fetch(path, control, () => createWriteStream(temporary));
      await rename(temporary, localFile);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error instanceof TidemarkError ? error : localError(localFile, error);
    }
  }

  async read(path: string, control: TransferControl = {}): Promise<Uint8Array> {
    const pieces = new Transform({ transform: (piece, _encoding, done) => done(null, piece) });
    const [, bytes] = await Promise.all([this.#fetch(path, control, () => pieces), buffer(pieces)]);
    return bytes;
  }

  async delete(path: string): Promise<void> {
    const route = this.#route(path);
    // The server answers that it has deleted what was never there.
    const siblings = await this.list(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : undefined);
    if (!siblings.some((sibling) => sibling.path === path)) throw noSuchArtifact(path, this.uri);
    await this.#rest.run({ method: "DELETE", path: route });
  }

  async #put(path: string, sizeBytes: number, openSource: () => Readable, control: TransferControl): Promise<void> {
    const { signal, onBytes } = control;
    let localFailure: Error | undefined;
    let told = 0;
    const stream = () => {
      let sent = 0;
      const counted = new Transform({
        transform: (piece: Buffer, _encoding, done) => {
          sent += piece.length;
          // A repeat begins at the start again: what has been told is not told twice.
          if (sent > told) onBytes?.(sent - told);
          told = Math.max(told, sent);
          done(null, piece);
        },
      });
      pipeline(openSource(), counted).catch((error: Error) => {
        localFailure = error;
      });
      return counted;
    };
    const headers = { "content-length": String(sizeBytes), "content-type": "application/octet-stream" };
    try {
      await (await this.#rest.open({ method: "PUT", path, headers, stream, signal })).drop();
    } catch (error) {
      throwIfAborted(signal);
      throw localFailure !== undefined && systemCodeOf(localFailure)?.startsWith("E")
        ? localError(path, localFailure)
        : error;
    }
  }

  async #fetch(path: string, control: TransferControl, open: () => Writable): Promise<void> {
    const route = this.#route(path);
    throwIfAborted(control.signal);
    const download = new Download(this.#rest, route, control);
    try {
      await pipeline(download.pieces(), open(), control.signal === undefined ? {} : { signal: control.signal });
    } catch (error) {
      throwIfAborted(control.signal);
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST")
        throw noSuchArtifact(path, this.uri);
      throw error;
    }
  }

  #route(path: string): string {
    return routeOfFile(this.#location, checkRelativePath("artifact path", path));
  }

  /** The server refuses `#`, and decodes a name until nothing is left to decode. */
  #writableRoute(path: string): string {
    const route = this.#route(path);
    if (/#|%[0-9a-f]{2}/i.test(path)) throw invalidArgument("artifact path", path, 'a path without "#" and "%41"');
    return route;
  }
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
function checkListedName(name: string, uri: string): string {
  if (relativePathProblem(name) === undefined && !name.includes("/")) return name;
  throw new TidemarkError(
    "DATA_DAMAGED",
    `the server lists an artifact ${JSON.stringify(name)} in ${uri}, which is no file name`,
  );
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw transferCancelled(signal);
}

function localError(path: string, error: unknown): TidemarkError {
  const code = systemCodeOf(error) === "ENOSPC" ? "STORAGE_FULL" : "STORAGE_ERROR";
  return new TidemarkError(code, `${path}: ${messageOf(error)}`, { cause: error, details: { path } });
}
