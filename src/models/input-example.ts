import { invalidArgument, messageOf } from "../base/errors.ts";
import { damaged } from "../disk/storage-errors.ts";
import type { SavedInputExampleInfo } from "../mlmodel/mlmodel-schema.ts";
import { formatPythonJson, jsonProblem, parsePythonJson } from "../mlmodel/python/python-json.ts";
import type { TextFiles } from "./environment-files.ts";
import { cellValue, tensorLists } from "./example-values.ts";
import { isRows, type ModelData, type Row } from "./signature/infer-signature.ts";
import { isTensorValue, type TensorValue } from "./tensor-value.ts";

export const INPUT_EXAMPLE_FILE = "input_example.json";
export const SERVING_INPUT_FILE = "serving_input_example.json";

/** An example as it lies beside the model, and what the MLmodel says of it. */
export interface EncodedInputExample {
  readonly files: TextFiles;
  readonly info: SavedInputExampleInfo;
}

/** An example as it was read: the lists and values of JSON. */
export type InputExample = {
  readonly params?: Readonly<Record<string, unknown>>;
} & (
  | { readonly kind: "tensors"; readonly data: unknown }
  /** Columns without names are numbered from 0. */
  | { readonly kind: "rows"; readonly columns: readonly (string | number)[]; readonly rows: readonly unknown[][] }
  /** What has no further form: MLflow's own `json_object`, sparse matrices. */
  | { readonly kind: "json"; readonly type: string; readonly data: unknown }
);

/**
 * Writes an input example as MLflow does: tensors as nested lists, rows as a table, each also in the form that MLflow's servers take.
 *
 * @param params the params that go with the example
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what is neither, or has values without a form in JSON
 */
export function encodeInputExample(
  example: ModelData,
  params?: Readonly<Record<string, unknown>>,
): EncodedInputExample {
  const { data, servingKey, ...form } = formOf(example);
  const values = params === undefined ? undefined : cellValue(params);
  const serving = { [servingKey]: data, params: values };
  try {
    return {
      files: {
        [INPUT_EXAMPLE_FILE]: formatPythonJson(values === undefined ? data : { inputs: data, params: values }),
        [SERVING_INPUT_FILE]: formatPythonJson(serving),
      },
      info: {
        artifact_path: INPUT_EXAMPLE_FILE,
        ...form,
        serving_input_path: SERVING_INPUT_FILE,
        ...(values === undefined ? {} : { params: "true" }),
      },
    };
  } catch (error) {
    throw invalidArgument("inputExample", messageOf(error), "values that JSON has a form for");
  }
}

interface ExampleForm {
  readonly data: unknown;
  readonly servingKey: "inputs" | "dataframe_split";
  readonly type: "ndarray" | "dataframe";
  readonly pandas_orient?: "split";
}

function formOf(example: ModelData): ExampleForm {
  if (isTensorValue(example)) return { data: tensorLists(example), servingKey: "inputs", type: "ndarray" };
  if (isRows(example)) return tableOf(example);
  if (typeof example !== "object" || example === null || Array.isArray(example) || Object.keys(example).length === 0) {
    throw invalidArgument("inputExample", example, "a tensor, named tensors, or rows");
  }
  const entries = Object.entries(example);
  if (!entries.every(([, value]) => isTensorValue(value))) return tableOf([example as Row]);
  const data = Object.fromEntries(entries.map(([name, value]) => [name, tensorLists(value as TensorValue)]));
  return { data, servingKey: "inputs", type: "ndarray" };
}

function tableOf(rows: readonly Row[]): ExampleForm {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const data = rows.map((row) => columns.map((name) => (Object.hasOwn(row, name) ? cellValue(row[name]) : null)));
  return { data: { columns, data }, servingKey: "dataframe_split", type: "dataframe", pandas_orient: "split" };
}

/**
 * Reads an input example that MLflow, or we, have written.
 *
 * @param path of the file, for the message
 * @param info what the MLmodel says of it
 * @throws {TidemarkError} `DATA_DAMAGED` where it is not of the form that the MLmodel says
 */
export function decodeInputExample(path: string, text: string, info: SavedInputExampleInfo): InputExample {
  const whole = parse(path, text);
  const hasParams = Boolean(info.params);
  if (hasParams && (!isObject(whole) || !isObject(whole.params))) throw damaged(path, "has no params");
  const { inputs, params } = hasParams ? (whole as Record<string, unknown>) : { inputs: whole, params: undefined };
  const beside = params === undefined ? {} : { params: params as Record<string, unknown> };
  if (info.type === "ndarray") {
    if (typeof inputs !== "object" || inputs === null) throw damaged(path, "holds no tensors");
    return { ...beside, kind: "tensors", data: inputs };
  }
  if (info.type === "dataframe") return { ...beside, kind: "rows", ...readTable(path, inputs) };
  return { ...beside, kind: "json", type: info.type, data: inputs };
}

function readTable(path: string, table: unknown): { columns: (string | number)[]; rows: unknown[][] } {
  if (!isObject(table) || !Array.isArray(table.data) || !table.data.every(Array.isArray)) {
    throw damaged(path, "holds no table");
  }
  const rows = table.data as unknown[][];
  const columns = table.columns ?? (rows[0] ?? []).map((_, index) => index);
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === "string" || typeof name === "number")) {
    throw damaged(path, "has columns without names");
  }
  if (rows.some((row) => row.length !== columns.length))
    throw damaged(path, "has rows of other lengths than its columns");
  return { columns, rows };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parse(path: string, text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw damaged(path, jsonProblem(error), error);
  }
}
