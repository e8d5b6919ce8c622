import { mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { describe, systemCodeOf, TidemarkError } from "../base/errors.ts";
import { storageError } from "../disk/storage-errors.ts";
import { temporaryName } from "../disk/temporary-name.ts";
import { checkArgument } from "../schema/check.ts";
import { downloadArtifact, listFiles } from "../tracking/artifact-transfers.ts";
import { transferOptionsSchema } from "../tracking/run-options.ts";
import { clientsShape } from "./clients.ts";
import { checkComplete } from "./downloaded-files.ts";
import { resolveModelUri } from "./resolve-model-uri.ts";

const downloadModelSchema = z.strictObject({
  ...clientsShape,
  /** The local directory that will be the model's. Directories above it are made. */
  destination: z.string().min(1, { error: "is empty" }),
  /** Replaces a directory that is there already, with all it holds. Default false. */
  overwrite: z.boolean().default(false),
  onProgress: transferOptionsSchema.shape.onProgress,
  signal: transferOptionsSchema.shape.signal,
});
/** What {@link downloadModel} takes. @interface */
export type DownloadModelOptions = z.input<typeof downloadModelSchema>;

/**
 * Copies a model to a local directory. After an error or an abort nothing of it is there.
 *
 * @returns The directory's absolute path.
 * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the destination holds something; `RESOURCE_DOES_NOT_EXIST` where there is no such
 *   model, or no MLmodel in its place; `DATA_DAMAGED` or `INVALID_PARAMETER_VALUE` for names that lead out of the directory; `DATA_DAMAGED` for files of another size than listed; `CANCELLED`;
 *   or the backend's error
 * @example
 * ```ts
 * import { connect } from "tidemark";
 * import { downloadModel, register } from "tidemark/registry";
 * import { mkdir, writeFile } from "node:fs/promises";
 *
 * await mkdir("local-model", { recursive: true });
 * await writeFile("local-model/MLmodel", "flavors: {}\n");
 * const client = await connect("./mlruns");
 * const { version } = await register("local-model", "docs-digits", { client });
 * const directory = await downloadModel(`models:/docs-digits/${version}`, { client, destination: "downloads/digits" });
 * console.log(directory);
 * ```
 */
export async function downloadModel(uri: string, options: DownloadModelOptions): Promise<string> {
  const { destination, overwrite, onProgress, signal, ...clients } = checkArgument(
    "options",
    downloadModelSchema,
    options,
  );
  const target = resolve(destination);
  await refuseOccupied(target, overwrite);
  const { artifacts } = await resolveModelUri(uri, clients);
  const listed = await listFiles(artifacts);
  const temporary = join(dirname(target), temporaryName());
  try {
    await local(temporary, () => mkdir(temporary, { recursive: true }));
    await downloadArtifact(artifacts, undefined, temporary, { onProgress, signal });
    await checkComplete(listed, temporary, artifacts.uri);
    await moveInto(temporary, target, overwrite);
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
  return target;
}

/** An empty directory is as good as none. */
async function refuseOccupied(target: string, overwrite: boolean): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory() && (overwrite || (await local(target, () => readdir(target))).length === 0)) return;
  const hint = found.isDirectory() ? "is not empty; `overwrite: true` replaces it" : "is no directory";
  throw new TidemarkError("RESOURCE_ALREADY_EXISTS", `destination: ${describe(target)} ${hint}`, {
    details: { path: target },
  });
}

async function moveInto(temporary: string, target: string, overwrite: boolean): Promise<void> {
  const old = join(dirname(target), temporaryName());
  if (overwrite) await unlessAbsent(() => rename(target, old));
  // Where nothing may be replaced, nothing is: a directory that has been filled meanwhile stays.
  else await unlessAbsent(() => rmdir(target));
  try {
    await local(target, () => rename(temporary, target));
  } catch (error) {
    if (overwrite) await rename(old, target).catch(() => {});
    throw error;
  }
  if (overwrite) await rm(old, { recursive: true, force: true }).catch(() => {});

  async function unlessAbsent(work: () => Promise<void>): Promise<void> {
    await local(target, work).catch((error: TidemarkError) => {
      if (systemCodeOf(error.cause) !== "ENOENT") throw error;
    });
  }
}

async function local<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError("write", path, error);
  }
}
