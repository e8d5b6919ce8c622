import { join } from "node:path";
import { relativePathProblem } from "../../base/paths.ts";
import { damaged } from "../../disk/storage-errors.ts";
import { MLMODEL_FILE } from "../mlmodel-file.ts";

/**
 * The path of a file that an MLmodel names. It never leaves the model's directory.
 *
 * @param field of the MLmodel, for the message
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export function modelPath(directory: string, field: string, path: unknown): string {
  const problem = typeof path === "string" ? relativePathProblem(path) : "is no path";
  if (problem !== undefined) {
    throw damaged(join(directory, MLMODEL_FILE), `${field}: ${JSON.stringify(path)} ${problem}`);
  }
  return join(directory, path as string);
}
