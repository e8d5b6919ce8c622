import { join } from "node:path";
import { describe } from "../../base/errors.ts";
import { relativePathProblem } from "../../base/paths.ts";
import { damaged } from "../../disk/storage-errors.ts";
import { MLMODEL_FILE } from "../../mlmodel/mlmodel-file.ts";

/**
 * The path of a file that an MLmodel names. It never leaves the model's directory.
 *
 * @param field of the MLmodel, for the message
 * @param folder what the path is relative to; the model's directory by default
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export function modelPath(directory: string, field: string, path: unknown, folder = directory): string {
  const problem = typeof path === "string" ? relativePathProblem(path) : "is no path";
  if (problem !== undefined) {
    throw damaged(join(directory, MLMODEL_FILE), `${field}: ${describe(path)} ${problem}`);
  }
  return join(folder, path as string);
}
