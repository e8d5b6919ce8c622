import { describe, TidemarkError } from "../base/errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { MLMODEL_FILE, parseMlmodel } from "../mlmodel/mlmodel-file.ts";

const LARGEST_MLMODEL_BYTES = 2 << 20;

/** What the registry wants to know of a model; the rest of its MLmodel is for those who load it. */
export interface MlmodelFacts {
  readonly runId?: string;
  readonly modelId?: string;
  /** By flavor. */
  readonly flavors: Readonly<Record<string, unknown>>;
  /** Texts with JSON, as they stand in the file. */
  readonly signature: Readonly<Record<string, unknown>>;
}

/** Whether a directory holds a model. */
export async function hasMlmodel(store: ArtifactStore): Promise<boolean> {
  return (await store.list()).some(({ path, isDirectory }) => path === MLMODEL_FILE && !isDirectory);
}

/**
 * What a model's MLmodel says.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a file that is none, or larger than 2 MiB; `RESOURCE_DOES_NOT_EXIST`
 */
export async function readMlmodel(store: ArtifactStore): Promise<MlmodelFacts> {
  const bytes = await readMlmodelBytes(store);
  const mlmodel = parseMlmodel(`${store.uri}/${MLMODEL_FILE}`, new TextDecoder().decode(bytes));
  const { run_id: runId, model_id: modelId, flavors, signature } = mlmodel;
  return {
    ...(typeof runId === "string" ? { runId } : {}),
    ...(typeof modelId === "string" ? { modelId } : {}),
    flavors,
    signature: signature ?? {},
  };
}

/**
 * The bytes of a model's MLmodel. A listing may say less than what then comes.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for more than 2 MiB
 */
export async function readMlmodelBytes(store: ArtifactStore): Promise<Uint8Array> {
  const tooLarge = new AbortController();
  let receivedBytes = 0;
  const onBytes = (count: number) => {
    receivedBytes += count;
    if (receivedBytes > LARGEST_MLMODEL_BYTES) tooLarge.abort();
  };
  const listed = (await store.list()).find(({ path }) => path === MLMODEL_FILE)?.sizeBytes ?? 0;
  if (listed <= LARGEST_MLMODEL_BYTES) {
    try {
      const bytes = await store.read(MLMODEL_FILE, { signal: tooLarge.signal, onBytes });
      if (bytes.length <= LARGEST_MLMODEL_BYTES) return bytes;
    } catch (error) {
      if (!tooLarge.signal.aborted) throw error;
    }
  }
  throw damaged(store.uri, `is larger than ${LARGEST_MLMODEL_BYTES} bytes`);
}

const damaged = (uri: string, problem: string) =>
  new TidemarkError("DATA_DAMAGED", `the MLmodel in ${describe(uri)} ${problem}`, { details: { uri } });
