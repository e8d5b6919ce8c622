import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { readEnv } from "../../base/env.ts";
import { TidemarkError } from "../../base/errors.ts";
import { homeDirectory } from "../../base/user-places.ts";
import { newDirectory } from "../../disk/new-directory.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { isTemporaryName, temporaryName } from "../../disk/temporary-name.ts";

/** Some tens of large models. */
export const DEFAULT_CACHE_BYTES = 10 * 2 ** 30;
/** What was used a moment ago may be what another process is opening. */
const IN_USE_MS = 10 * 60_000;

/** A download whose process was killed leaves its part behind. No download takes as long as this. */
const ABANDONED_MS = 24 * 3_600_000;

/** What tells one state of a model from every other. */
export interface ModelState {
  /** The URI of its files, without credentials. */
  readonly location: string;
  /** The text of its MLmodel, in which its id and time stand. */
  readonly mlmodel: Uint8Array;
  /** Every file of it. */
  readonly files: readonly { readonly path: string; readonly sizeBytes?: number | undefined }[];
}

/**
 * Models that were downloaded, in directories named by what they are: a model that has changed is another entry. The ones that were not
 * used for longest give way.
 */
export class ModelCache {
  readonly #directory: string;
  readonly #maxBytes: number;

  constructor(directory = defaultCacheDirectory(), maxBytes = DEFAULT_CACHE_BYTES) {
    this.#directory = resolve(directory);
    this.#maxBytes = maxBytes;
  }

  /**
   * The directory of a model, filled by `download` where it is not there yet.
   *
   * @throws {TidemarkError} the codes of storage; what `download` throws: then nothing of it is kept
   */
  async directoryOf(state: ModelState, download: (directory: string) => Promise<unknown>): Promise<string> {
    const entry = join(this.#directory, keyOf(state));
    if (await isWhole(entry, state)) {
      await touch(entry);
      return entry;
    }
    await mkdir(this.#directory, { recursive: true, mode: 0o700 }).catch((error) => {
      throw storageError("create", this.#directory, error);
    });
    try {
      await newDirectory(entry, {}, download);
    } catch (error) {
      if (!isTaken(error)) throw error;
      // Another load has filled it meanwhile, and uses its files; or somebody has cleaned up in it.
      if (!(await isWhole(entry, state))) {
        await remove(entry);
        await newDirectory(entry, {}, download);
      }
    }
    await this.#makeRoom(entry);
    return entry;
  }

  async #makeRoom(kept: string): Promise<void> {
    const entries = await Promise.all((await entriesOf(this.#directory)).map(factsOf));
    let sum = entries.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    const now = Date.now();
    for (const { path, sizeBytes, usedAt, isPartial } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      const unusedMs = now - usedAt;
      const isInTheWay = isPartial ? unusedMs > ABANDONED_MS : sum > this.#maxBytes && unusedMs > IN_USE_MS;
      if (path === kept || !isInTheWay) continue;
      await remove(path);
      sum -= sizeBytes;
    }
  }
}

/** `TIDEMARK_CACHE_DIR`, else where the platform keeps what can be had again. */
function defaultCacheDirectory(): string {
  const chosen = readEnv("TIDEMARK_CACHE_DIR");
  return join(chosen === undefined ? join(platformCache(), "tidemark") : chosen, "models");
}

function platformCache(): string {
  if (process.platform === "win32") return readEnv("LOCALAPPDATA") ?? join(homeDirectory(), "AppData", "Local");
  if (process.platform === "darwin") return join(homeDirectory(), "Library", "Caches");
  return readEnv("XDG_CACHE_HOME") ?? join(homeDirectory(), ".cache");
}

function keyOf({ location, mlmodel, files }: ModelState): string {
  const listing = files
    .map(({ path, sizeBytes }) => [path, sizeBytes ?? null])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([location, listing]))
    .update(mlmodel)
    .digest("hex")
    .slice(0, 40);
}

/** Somebody may have cleaned up in it. */
async function isWhole(entry: string, { files }: ModelState): Promise<boolean> {
  const checks = files.map(async ({ path, sizeBytes }) => {
    const facts = await stat(join(entry, path)).catch(() => undefined);
    return facts?.isFile() === true && (sizeBytes === undefined || facts.size === sizeBytes);
  });
  return files.length > 0 && (await Promise.all(checks)).every(Boolean);
}

const isTaken = (error: unknown) => error instanceof TidemarkError && error.code === "RESOURCE_ALREADY_EXISTS";

/** A cache on a disk that takes no writes is still a cache. */
const touch = (entry: string) => utimes(entry, new Date(), new Date()).catch(() => {});

async function entriesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.map((name) => join(directory, name));
}

interface EntryFacts {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedAt: number;
  /** A download that is under way, or was. */
  readonly isPartial: boolean;
}

async function factsOf(path: string): Promise<EntryFacts> {
  let sizeBytes = 0;
  for (const file of await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (file.isFile()) sizeBytes += (await stat(join(file.parentPath, file.name)).catch(() => ({ size: 0 }))).size;
  }
  const facts = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return { path, sizeBytes, usedAt: facts.mtimeMs, isPartial: isTemporaryName(basename(path)) };
}

/** Out of sight first: nobody finds half of it. */
async function remove(path: string): Promise<void> {
  const doomed = join(path, "..", temporaryName());
  try {
    await rename(path, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch {
    // Another process was faster, or has a file of it open: next time.
  }
}
