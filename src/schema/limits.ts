// MLflow's limits in characters (mlflow/utils/validation.py). Longer values are refused at the call, because MLflow's server
// truncates them silently. The limit on keys is in base/key-rules.ts.

export const MAX_PARAM_VALUE_LENGTH = 6_000;
export const MAX_TAG_VALUE_LENGTH = 8_000;
export const MAX_EXPERIMENT_TAG_VALUE_LENGTH = 20_000;
export const MAX_EXPERIMENT_NAME_LENGTH = 500;
export const MAX_ARTIFACT_LOCATION_LENGTH = 2_048;
export const MAX_DATASET_NAME_LENGTH = 500;
export const MAX_DATASET_DIGEST_LENGTH = 36;
export const MAX_DATASET_SOURCE_LENGTH = 65_535;
/** 1 MiB less one: the size of the column in MySQL. */
export const MAX_DATASET_SCHEMA_LENGTH = 1_048_575;
/** 16 MiB less one. */
export const MAX_DATASET_PROFILE_LENGTH = 16_777_215;
export const MAX_INPUT_TAG_KEY_LENGTH = 255;
export const MAX_INPUT_TAG_VALUE_LENGTH = 500;
export const MAX_MODEL_NAME_LENGTH = 256;
export const MAX_MODEL_TAG_VALUE_LENGTH = 100_000;
export const MAX_ALIAS_LENGTH = 255;
