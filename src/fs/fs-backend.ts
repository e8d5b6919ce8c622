import { resolve, sep } from "node:path";
import { z } from "zod";
import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { pathOfFileUri, schemeOf } from "../base/file-uri.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import { checkArgument } from "../schema/check.ts";
import { ExperimentFiles } from "./experiment-files.ts";
import { FsImporter } from "./fs-importer.ts";
import { FsLoggedModelStore } from "./fs-logged-model-store.ts";
import { FsRegistryStore } from "./fs-registry-store.ts";
import { FsTrackingStore } from "./fs-tracking-store.ts";
import { FsGarbageStore } from "./garbage/fs-garbage-store.ts";
import { LocalArtifactStore } from "./local-artifact-store.ts";
import { SourceResolver } from "./source-resolver.ts";
import { StoreFiles } from "./store-files.ts";

const fsBackendSchema = z.strictObject({
  /** Made with the first experiment. Relative paths are resolved at once. */
  directory: z.string().min(1, { error: "is empty" }),
  /** Opens artifacts that are not on local disk: `s3:`. Default: refused by name. */
  openArtifacts: z
    .custom<(uri: string) => ArtifactStore | undefined>((value) => typeof value === "function", {
      error: "is no function",
    })
    .optional(),
});

/** What {@link fsBackend} takes. @interface */
export type FsBackendOptions = z.input<typeof fsBackendSchema>;

/**
 * Runs in a local directory, in the file layout of MLflow's FileStore: Python MLflow reads it (with
 * `MLFLOW_ALLOW_FILE_STORE=true`) and any number of processes may write to it at once.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { connect } from "tidemark";
 * import { fsBackend } from "tidemark/fs";
 *
 * const client = await connect(fsBackend({ directory: "./mlruns" }));
 * console.log(await client.experiments.create({ name: "docs-fs" }));
 * ```
 */
export function fsBackend(options: FsBackendOptions): Backend {
  const { directory: given, openArtifacts } = checkArgument("options", fsBackendSchema, options);
  const directory = resolve(given);
  const store = new StoreFiles(directory);
  const experiments = new ExperimentFiles(store);
  const tracking = new FsTrackingStore(store, experiments);
  const loggedModels = new FsLoggedModelStore(store, experiments);
  const registry = new FsRegistryStore(store, experiments, new SourceResolver(tracking, loggedModels));
  return {
    uri: store.uri,
    tracking,
    loggedModels,
    garbage: new FsGarbageStore(store, experiments),
    registry,
    importer: new FsImporter({ store, experiments, loggedModels, registry }),
    artifacts: (uri) => {
      const root = localPathOf(uri);
      if (root !== undefined) {
        const isOurs = root.startsWith(directory + sep);
        return new LocalArtifactStore(isOurs ? store.whereItLies(root) : root, isOurs);
      }
      const elsewhere = openArtifacts?.(uri);
      if (elsewhere !== undefined) return elsewhere;
      const message = `the artifacts at ${describe(redact(uri))} are not on local disk, and this backend reads no others`;
      throw new TidemarkError("NOT_IMPLEMENTED", message);
    },
    close: async () => store.descriptors.closeAll(),
  };
}

function localPathOf(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  if (scheme === undefined) return resolve(uri);
  return scheme === "file" ? resolve(pathOfFileUri(uri)) : undefined;
}
