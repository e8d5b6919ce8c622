import { resolve } from "node:path";
import { z } from "zod";
import { newDirectory } from "../disk/new-directory.ts";
import { MLMODEL_FILE } from "../mlmodel/mlmodel-file.ts";
import { checkArgument } from "../schema/check.ts";
import { transferOptionsSchema } from "../tracking/run-options.ts";
import { clientsShape } from "./clients.ts";
import { downloadWhole } from "./download-whole.ts";
import { resolveModelUri } from "./resolve-model-uri.ts";

const downloadModelSchema = z.strictObject({
  ...clientsShape,
  /** The local directory that will be the model's. Directories above it are made. */
  destination: z.string().min(1, { error: "is empty" }),
  /** Replaces a model that is there already, with all that its directory holds. Default false. Anything else that is there never is. */
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
  const { artifacts } = await resolveModelUri(uri, clients);
  await newDirectory(target, { replaces: overwrite ? MLMODEL_FILE : undefined }, (temporary) =>
    downloadWhole(artifacts, temporary, { onProgress, signal }),
  );
  return target;
}
