import type { Row } from "../signature/infer-signature.ts";
import type { NestedArray, ShapedTensor, TensorData, TensorValue, TypedArray } from "../tensor-value.ts";

/** What is needed of a tensor of TensorFlow.js: its values are read at once. */
export interface TfjsTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): ArrayLike<unknown>;
}

/**
 * One tensor to predict from: a typed array, nested arrays, `{ data, dims }` or a tensor of ONNX Runtime or
 * TensorFlow.js.
 */
export type PredictTensor = TensorValue | TfjsTensor;

/** One tensor, several by name, rows of a table, or one row. */
export type PredictInput = PredictTensor | Readonly<Record<string, PredictTensor>> | readonly Row[] | Row;

/** A tensor in the terms of the caller. */
export type PredictedTensor = TypedArray | TensorData | NestedArray | ShapedTensor;

/** What a model answers, in the terms of what it was asked. */
export type PredictOutput = PredictedTensor | Readonly<Record<string, PredictedTensor>> | readonly Row[] | Row;

/** How tensors are written: flat, as lists of lists, or with their shape beside. */
export type TensorForm = "typed" | "nested" | "shaped";

/** The terms of an input, in which the output is given. */
export interface InputForm {
  readonly kind: "tensor" | "named" | "rows" | "row";
  /** Of the tensors; of rows it says nothing. */
  readonly terms: TensorForm;
  /** How many rows there are; 1 for tensors. */
  readonly rowCount: number;
}

const formsOf = (kind: "tensor" | "named"): Readonly<Record<TensorForm, InputForm>> => ({
  typed: { kind, terms: "typed", rowCount: 1 },
  nested: { kind, terms: "nested", rowCount: 1 },
  shaped: { kind, terms: "shaped", rowCount: 1 },
});

/** Made once: a prediction allocates no form. */
export const TENSOR_FORMS = formsOf("tensor");
export const NAMED_FORMS = formsOf("named");
export const ROW_FORM: InputForm = { kind: "row", terms: "nested", rowCount: 1 };
export const rowsForm = (rowCount: number): InputForm => ({ kind: "rows", terms: "nested", rowCount });
