import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, TidemarkError } from "../base/errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { downloadFiles, type TransferWatch } from "../tracking/artifact-transfers.ts";
import { type FileSize, listFiles, transferTo } from "../tracking/stored-files.ts";

/**
 * Copies all files of a store into a local directory, and looks whether every one has arrived, with its size.
 *
 * @param listed - The files, where they have been listed already.
 * @throws {TidemarkError} `DATA_DAMAGED` where not; the store's error; `CANCELLED`
 */
export async function downloadWhole(
  store: ArtifactStore,
  directory: string,
  watch: TransferWatch,
  listed?: readonly FileSize[],
): Promise<void> {
  const root = resolve(directory);
  const files = (listed ?? (await listFiles(store))).map((file) => transferTo(root, file));
  await downloadFiles(store, files, root, watch);
  await checkComplete(files, root, store.uri);
}

async function checkComplete(listed: readonly FileSize[], directory: string, uri: string): Promise<void> {
  for (const { path, sizeBytes } of listed) {
    const found = await stat(join(directory, path)).catch(() => undefined);
    if (found?.isFile() === true && found.size === sizeBytes) continue;
    const arrived = found === undefined ? "nothing" : `${found.size} bytes`;
    const message = `${describe(path)} of ${uri} has ${sizeBytes} bytes by its listing, and ${arrived} arrived`;
    throw new TidemarkError("DATA_DAMAGED", message, { details: { path, uri } });
  }
}
