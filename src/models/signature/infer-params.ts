import { invalidArgument } from "../../base/errors.ts";
import type { ColumnType } from "../../mlmodel/column-type-schema.ts";
import type { ParamDefault } from "../../mlmodel/param-default.ts";
import { inferColumnType } from "./infer-column-type.ts";

/** A param before its check by the schema of signatures. */
interface InferredParam {
  readonly name: string;
  readonly type: string;
  readonly default: ParamDefault;
  readonly shape?: [-1];
}

const EXPECTED = "a number, bigint, boolean, text, Date, a list of these, or an object";

/**
 * The params of a model from their defaults: scalars, lists of scalars, objects.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for other values, with the param's name
 */
export function inferParams(params: Readonly<Record<string, unknown>>): InferredParam[] {
  return Object.entries(params).map(([name, value]) => inferParam(name, value));
}

function inferParam(name: string, value: unknown): InferredParam {
  const place = `params.${name}`;
  const type = inferColumnType(place, value);
  const asDefault = paramDefaultOf(value);
  if (type.type !== "array") {
    if (type.type === "any" || type.type === "binary") throw invalidArgument(place, value, EXPECTED);
    return { name, ...type, default: asDefault };
  }
  if (!isScalarType(type.items)) throw invalidArgument(place, value, EXPECTED);
  return { name, type: type.items.type, default: asDefault, shape: [-1] };
}

const isScalarType = ({ type }: ColumnType) =>
  !["array", "object", "map", "any", "binary", "sparkml_vector"].includes(type);

/** The value as JSON has it: dates as the text that Python writes and reads, without the zone. */
function paramDefaultOf(value: unknown): ParamDefault {
  if (value instanceof Date) return value.toISOString().replace("Z", "000").replace(".000000", "");
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.map(paramDefaultOf);
  if (typeof value !== "object" || value === null) return value as ParamDefault;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, paramDefaultOf(member)]));
}
