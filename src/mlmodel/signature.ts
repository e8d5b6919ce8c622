import { damaged } from "../disk/storage-errors.ts";
import { checkArgument } from "../schema/check.ts";
import type { ColumnType, ObjectType } from "./column-type-schema.ts";
import type { ParamDefault } from "./param-default.ts";
import { byCodePoint } from "./python/code-points.ts";
import { formatPythonJson, jsonProblem, PythonFloat, parsePythonJson } from "./python/python-json.ts";
import { type ParamSpec, type Signature, signatureSchema, type TensorSpec } from "./signature-schema.ts";

/** A signature as it stands in an MLmodel: texts of JSON within the YAML. */
export interface SignatureTexts {
  inputs: string | null;
  outputs: string | null;
  params: string | null;
}

/**
 * Writes a signature as MLflow does.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where MLflow would refuse it
 */
export function formatSignature(signature: Signature): SignatureTexts {
  const { inputs, outputs, params } = checkArgument("signature", signatureSchema, signature);
  return {
    inputs: inputs === undefined ? null : formatPythonJson(inputs.map(specForm)),
    outputs: outputs === undefined ? null : formatPythonJson(outputs.map(specForm)),
    params: params === undefined || params.length === 0 ? null : formatPythonJson(params.map(paramForm)),
  };
}

/**
 * Reads the signature of an MLmodel.
 *
 * @param path of the file, for the message
 * @throws {TidemarkError} `DATA_DAMAGED` where it is none
 */
export function parseSignature(path: string, texts: Readonly<Partial<SignatureTexts>>): Signature {
  const parts: Record<string, unknown> = {};
  for (const part of ["inputs", "outputs", "params"] as const) {
    const text = texts[part];
    // MLflow takes an empty text for none.
    if (text) parts[part] = parsePart(path, part, text);
  }
  const result = signatureSchema.safeParse(parts);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(path, `${["signature", ...(issue?.path ?? [])].join(".")}: ${issue?.message}`, result.error);
}

function parsePart(path: string, part: string, text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw damaged(path, `signature.${part} ${jsonProblem(error)}`, error);
  }
}

// The members in Python's order.

function specForm(spec: NonNullable<Signature["inputs"]>[number]): object {
  if (spec.type === "tensor") return tensorForm(spec as TensorSpec);
  const { name, required } = spec;
  return { ...typeForm(spec), name, required };
}

function tensorForm({ name, "tensor-spec": { dtype, shape } }: TensorSpec): object {
  return { name, type: "tensor", "tensor-spec": { dtype, shape } };
}

function typeForm(type: ColumnType): object {
  switch (type.type) {
    case "array":
      return { type: "array", items: typeForm(type.items) };
    case "map":
      return { type: "map", values: typeForm(type.values) };
    case "object":
      return { type: "object", properties: propertiesForm(type.properties) };
    default:
      return { type: type.type };
  }
}

/** Python sorts the properties; an object of JavaScript's would put numbers first. */
function propertiesForm(properties: ObjectType["properties"]): Map<string, object> {
  const sorted = Object.entries(properties).sort(([a], [b]) => byCodePoint(a, b));
  return new Map(sorted.map(([name, property]) => [name, { ...typeForm(property), required: property.required }]));
}

function paramForm(param: ParamSpec): object {
  const { name, default: value, shape, type } = param;
  if (type === "object")
    return { name, default: value, shape: null, type, properties: propertiesForm(param.properties) };
  const isFloat = type === "float" || type === "double";
  return { name, default: isFloat ? asFloats(value) : value, shape: shape ?? null, type };
}

function asFloats(value: ParamDefault): unknown {
  if (Array.isArray(value)) return value.map(asFloats);
  return typeof value === "number" || typeof value === "bigint" ? new PythonFloat(Number(value)) : value;
}
