import { join } from "node:path";
import { invalidArgument, messageOf } from "../base/errors.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import { readBoundedText } from "../disk/read-bounded-text.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import { checkArgument } from "../schema/check.ts";
import { type Mlmodel, mlmodelSchema } from "./mlmodel-schema.ts";
import { parseYamlMapping } from "./python/yaml-read.ts";
import { formatYaml } from "./python/yaml-write.ts";

export const MLMODEL_FILE = "MLmodel";

/** Ten thousand columns come to half of it. */
const MOST_MIB = 2;
const MOST_BYTES = MOST_MIB * 2 ** 20;

/**
 * Reads the text of an MLmodel: YAML, of which JSON is a part.
 *
 * @param path of the file, for the message
 * @throws {TidemarkError} `DATA_DAMAGED` where it is none, or is one that no MLflow has written
 */
export function parseMlmodel(path: string, text: string): Mlmodel {
  if (text.length > MOST_BYTES) throw damaged(path, `has more than ${MOST_MIB} MiB`);
  const mapping = parseMapping(path, text);
  const result = mlmodelSchema.safeParse(mapping);
  // The very object that was read: how its numbers were spelled is remembered of it.
  if (result.success) return mapping as Mlmodel;
  const [issue] = result.error.issues;
  throw damaged(path, `${issue?.path.join(".")}: ${issue?.message}`, result.error);
}

function parseMapping(path: string, text: string): Record<string, unknown> {
  try {
    return parseYamlMapping(text);
  } catch (error) {
    // A RangeError: the parser of YAML recurses, too.
    const problem = error instanceof RangeError ? "is nested too deeply" : messageOf(error);
    throw damaged(path, problem, error);
  }
}

/**
 * Writes an MLmodel byte by byte as MLflow does.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what is no MLmodel, or has no form in YAML
 */
export function formatMlmodel(model: Mlmodel): string {
  checkArgument("model", mlmodelSchema, model);
  try {
    return formatYaml(model);
  } catch (error) {
    throw invalidArgument("model", messageOf(error), "texts, numbers, booleans, null, lists and plain objects");
  }
}

/**
 * Reads the MLmodel of a directory.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where it is none, `STORAGE_GONE` where there is no such file
 */
export function readMlmodel(directory: string): Mlmodel {
  const path = join(directory, MLMODEL_FILE);
  return parseMlmodel(path, readBoundedText(path, MOST_MIB));
}

/** Puts the MLmodel of a directory in place: readers see the old one or the new one. */
export function writeMlmodel(directory: string, model: Mlmodel): void {
  const text = formatMlmodel(model);
  const path = join(directory, MLMODEL_FILE);
  guarded("write", path, () => replaceFile(directory, path, text));
}
