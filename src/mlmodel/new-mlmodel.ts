import { newId } from "../base/ids.ts";
import type { Mlmodel, SavedInputExampleInfo } from "./mlmodel-schema.ts";
import { PYTHON_VERSIONS } from "./python-versions.ts";
import { formatSignature } from "./signature.ts";
import type { Signature } from "./signature-schema.ts";

/** What is known of a model when it is saved. */
export interface NewMlmodel {
  readonly flavors: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly signature?: Signature | undefined;
  readonly inputExample?: SavedInputExampleInfo | undefined;
  /** Plain objects, lists, texts, numbers, booleans, null. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Of all files of the model. */
  readonly sizeBytes?: number | undefined;
  readonly runId?: string | undefined;
  /** Default none: the model has a new uuid. */
  readonly modelId?: string | undefined;
  /** The URI of the model's files, where a server keeps them. */
  readonly artifactPath?: string | undefined;
  /** Default now. */
  readonly createdAt?: Date | undefined;
}

/**
 * An MLmodel with the keys that Python's MLflow writes: null for what it writes null for, absent where it leaves out.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for a signature that MLflow would refuse
 */
export function newMlmodel(model: NewMlmodel): Mlmodel {
  return {
    ...(model.artifactPath === undefined ? {} : { artifact_path: model.artifactPath }),
    flavors: { ...model.flavors },
    ...(model.metadata === undefined ? {} : { metadata: { ...model.metadata } }),
    mlflow_version: PYTHON_VERSIONS.mlflow,
    model_id: model.modelId ?? null,
    ...(model.sizeBytes === undefined ? {} : { model_size_bytes: model.sizeBytes }),
    model_uuid: model.modelId ?? newId(),
    prompts: null,
    ...(model.runId === undefined ? {} : { run_id: model.runId }),
    ...(model.inputExample === undefined ? {} : { saved_input_example_info: { ...model.inputExample } }),
    ...(model.signature === undefined ? {} : signatureKeys(model.signature)),
    utc_time_created: utcTime(model.createdAt ?? new Date()),
  };
}

const signatureKeys = (signature: Signature) => ({
  is_signature_from_type_hint: false,
  signature: { ...formatSignature(signature) },
  type_hint_from_example: false,
});

/** As Python prints a time of UTC: microseconds, which JavaScript's clock does not have, and no zone. */
const utcTime = (date: Date) => date.toISOString().replace("T", " ").replace("Z", "000");
