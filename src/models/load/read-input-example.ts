import type { SavedInputExampleInfo } from "../../mlmodel/mlmodel-schema.ts";
import { modelPath } from "../flavors/model-path.ts";
import { decodeInputExample } from "../input-example.ts";
import { readPackageText } from "../package-text.ts";
import type { PredictInput } from "../predict/predict-types.ts";
import type { Row } from "../signature/infer-signature.ts";

/** Examples are for people to look at; MLflow keeps five rows of a table. */
const MOST_MIB = 64;

/**
 * Reads the input that was saved with a model, in the terms of `predict`. Lists have NaN where MLflow writes null for it.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where it is missing, or is not of the form that the MLmodel says
 */
export function readInputExample(directory: string, info: SavedInputExampleInfo | undefined): PredictInput | undefined {
  if (info === undefined) return undefined;
  const path = modelPath(directory, "saved_input_example_info.artifact_path", info.artifact_path);
  const example = decodeInputExample(path, readPackageText(path, MOST_MIB), info);
  if (example.kind === "rows") {
    return example.rows.map(
      (cells): Row => Object.fromEntries(example.columns.map((name, i) => [String(name), cells[i]])),
    );
  }
  return (example.kind === "tensors" ? tensorsOf(withNaN(example.data)) : example.data) as PredictInput;
}

/** One value is a tensor without axes. As it stands it would be a row's. */
function tensorsOf(data: unknown): unknown {
  if (Array.isArray(data)) return data;
  const entries = Object.entries(data as object);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value : { data: [value], dims: [] }]),
  );
}

function withNaN(value: unknown): unknown {
  if (value === null) return Number.NaN;
  if (Array.isArray(value)) return value.map(withNaN);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNaN(member)]));
}
