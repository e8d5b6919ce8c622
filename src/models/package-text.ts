import { readBoundedText } from "../disk/read-bounded-text.ts";
import { damaged, isMissing } from "../disk/storage-errors.ts";

/**
 * Reads a text that a model says it has.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where it is missing, too large, or no file; the codes of storage
 */
export function readPackageText(path: string, mostMib: number): string {
  try {
    return readBoundedText(path, mostMib);
  } catch (error) {
    throw isMissing((error as Error).cause) ? damaged(path, "is missing", error) : error;
  }
}
