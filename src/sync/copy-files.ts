import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TidemarkError } from "../base/errors.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { type FileSize, listFiles } from "../tracking/stored-files.ts";
import { openSourcePlace, openTargetPlace } from "./open-place.ts";
import { beforeWrite, type SyncContext } from "./sync-context.ts";

/** Smaller files go through memory, larger ones through a file of the system's temporary directory. */
const MOST_BYTES_IN_MEMORY = 4 << 20;

/** Where the files of a run or logged model are, in both stores. */
export interface FilePlaces {
  readonly where: string;
  readonly from: string;
  /** `undefined` where a dry run would make it. */
  readonly to: string | undefined;
}

/** Copies the files that the target lacks, and sees that what is there is the same, byte by byte. */
export async function copyFiles(context: SyncContext, places: FilePlaces): Promise<void> {
  const source = await openSourcePlace(context, places.from);
  const files = await listFiles(source);
  if (files.length === 0) return;
  if (places.to === undefined) {
    context.ledger.addCopied(sizesOf(files));
    return;
  }
  const target = await openTargetPlace(context, places.to);
  const there = new Map((await listFiles(target)).map((file) => [file.path, file]));
  for (const file of files) {
    refuseIfAborted(context.signal);
    try {
      await copyFile(context, { source, target, where: places.where }, file, there.get(file.path));
    } catch (error) {
      context.ledger.failure(places.where, `artifacts/${file.path}`, error);
    }
  }
}

const sizesOf = (files: readonly FileSize[]) => ({
  files: files.length,
  bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
});

interface Stores {
  readonly source: ArtifactStore;
  readonly target: ArtifactStore;
  readonly where: string;
}

async function copyFile(
  context: SyncContext,
  stores: Stores,
  file: FileSize,
  there: FileSize | undefined,
): Promise<void> {
  const { ledger, overwrite, dryRun } = context;
  await withContent(stores.source, file, context.signal, async (content) => {
    if (there !== undefined) {
      const held = there.sizeBytes === file.sizeBytes ? await digestOf(stores.target, file, context.signal) : undefined;
      if (held === content.digest) {
        ledger.addEqual(sizesOf([file]));
        return;
      }
      const [mine, other] = [described(file, content.digest), described(there, held)];
      ledger.conflict(stores.where, `artifacts/${file.path}`, mine, other, overwrite);
      if (!overwrite) return;
    }
    if (!dryRun) {
      await beforeWrite(context);
      await content.writeTo(stores.target);
      if ((await digestOf(stores.target, file, context.signal)) !== content.digest) {
        throw new TidemarkError("DATA_DAMAGED", "what was written is not what the target reads back");
      }
    }
    ledger.addCopied(sizesOf([file]));
  });
}

const described = ({ sizeBytes }: FileSize, digest: string | undefined): string =>
  `${sizeBytes} bytes${digest === undefined ? "" : `, sha256 ${digest}`}`;

interface Content {
  readonly digest: string;
  writeTo(store: ArtifactStore): Promise<void>;
}

/** Gives `use` the bytes of a file, in memory or on this disk. */
async function withContent<T>(
  store: ArtifactStore,
  { path, sizeBytes }: FileSize,
  signal: AbortSignal,
  use: (content: Content) => Promise<T>,
): Promise<T> {
  if (sizeBytes <= MOST_BYTES_IN_MEMORY) {
    const bytes = await store.read(path, { signal });
    const digest = createHash("sha256").update(bytes).digest("hex");
    return await use({ digest, writeTo: (target) => target.write(path, bytes, { signal }) });
  }
  const directory = await mkdtemp(join(tmpdir(), "tidemark-sync-"));
  try {
    const local = join(directory, "file");
    await store.download(path, local, { signal });
    const hash = createHash("sha256");
    await pipeline(createReadStream(local), hash, { signal });
    return await use({ digest: hash.digest("hex"), writeTo: (target) => target.upload(local, path, { signal }) });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const digestOf = (store: ArtifactStore, file: FileSize, signal: AbortSignal): Promise<string> =>
  withContent(store, file, signal, async ({ digest }) => digest);
