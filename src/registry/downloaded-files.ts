import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, TidemarkError } from "../base/errors.ts";
import type { FileSize } from "../tracking/artifact-transfers.ts";

/**
 * Looks whether every file of a listing has arrived, with its size.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function checkComplete(listed: readonly FileSize[], directory: string, uri: string): Promise<void> {
  for (const { path, sizeBytes } of listed) {
    const found = await stat(join(directory, path)).catch(() => undefined);
    if (found?.isFile() === true && found.size === sizeBytes) continue;
    const arrived = found === undefined ? "nothing" : `${found.size} bytes`;
    const message = `${describe(path)} of ${uri} has ${sizeBytes} bytes by its listing, and ${arrived} arrived`;
    throw new TidemarkError("DATA_DAMAGED", message, { details: { path, uri } });
  }
}
