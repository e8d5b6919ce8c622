import { messageOf, TidemarkError } from "../../src/base/errors.ts";
import type { Signature, TensorSpec } from "../../src/mlmodel/signature-schema.ts";
import { checkInput } from "../../src/models/predict/check-input.ts";
import { valuesOf } from "../../src/models/predict/given-tensor.ts";
import { InputPlan } from "../../src/models/predict/input-plan.ts";
import { nestTensor, readerOf } from "../../src/models/predict/nest-tensor.ts";
import type { TensorPort } from "../../src/models/predict/ports.ts";
import type { PredictInput } from "../../src/models/predict/predict-types.ts";
import { parseServingInput } from "../../src/models/serving/serving-input.ts";

/** What becomes of an input, in the form of test/peers/python/enforce.py. */
export type Enforced = Readonly<Record<string, unknown>>;

type Inputs = NonNullable<Signature["inputs"]>;

/** What we make of the body of a request. */
export const enforceBody = (inputs: Inputs, body: string): Enforced =>
  caught(() => enforce(inputs, parseServingInput("json", body, { inputs }).input));

/** What we make of an input. */
export const enforceInput = (inputs: Inputs, input: PredictInput): Enforced => caught(() => enforce(inputs, input));

/** Any other error is no answer. */
export function caught(result: () => Enforced): Enforced {
  try {
    return result();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "INVALID_PARAMETER_VALUE") return { error: messageOf(error) };
    throw error;
  }
}

function enforce(inputs: Inputs, input: PredictInput): Enforced {
  if (inputs[0]?.type !== "tensor") {
    const checked = checkInput({ inputs }, input);
    const rows = (Array.isArray(checked) ? checked : [checked]) as Readonly<Record<string, unknown>>[];
    return columnsOf(
      rows,
      inputs.map(({ name }, index) => String(name ?? index)),
    );
  }
  const ports = (inputs as TensorSpec[]).map(
    ({ name = "", "tensor-spec": { dtype, shape } }): TensorPort => ({ name, dtype, shape }),
  );
  const { tensors } = new InputPlan({ inputs }, ports).encode(input);
  return {
    tensors: Object.fromEntries(
      ports.map(({ name, dtype }) => {
        const { data, dims } = tensors[name] as { data: ArrayLike<unknown>; dims: readonly number[] };
        const values = plain(nestTensor(valuesOf({ data, dtype }), dims, readerOf(dtype)));
        return [name, { dtype, shape: dims, values }];
      }),
    ),
  };
}

/** As enforce.py writes a table. Where there are no rows, it has the names of the signature. */
export function columnsOf(rows: readonly Readonly<Record<string, unknown>>[], names: readonly string[] = []): Enforced {
  const found = rows[0] === undefined ? names : Object.keys(rows[0]);
  return { columns: Object.fromEntries(found.map((name) => [name, rows.map((row) => plain(row[name]))])) };
}

/** As enforce.py writes values. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    if (Number.isNaN(value)) return null;
    return Number.isFinite(value) ? value : value > 0 ? "inf" : "-inf";
  }
  if (value instanceof Date) return value.toISOString().replace("Z", "");
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
