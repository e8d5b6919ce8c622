import { invalidArgument } from "../../base/errors.ts";
import type { DataType } from "../../mlmodel/column-type-schema.ts";
import type { ParamSpec, Signature } from "../../mlmodel/signature-schema.ts";
import { isTypedArray } from "../tensor-value.ts";
import { castCell } from "./cast-cell.ts";
import { isPlainObject } from "./given-tensor.ts";
import { unknownNames } from "./names.ts";

const PLACE = "params";

/**
 * The params of a prediction: those that are given, cast as MLflow does it, and the defaults of the others. Dates are
 * `Date`. Null is taken for any param, as MLflow takes it. MLflow leaves out names that the model does not know; here
 * they are refused, as a misspelt one would go unnoticed.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the param's name
 */
export function checkParams(
  signature: Signature | undefined,
  given: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> {
  const specs = signature?.params ?? [];
  if (given !== undefined && !isPlainObject(given)) throw invalidArgument(PLACE, given, "an object");
  const named = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  const unknown = named.map(([name]) => name).filter((name) => !specs.some((spec) => spec.name === name));
  if (unknown.length > 0)
    throw unknownNames(
      PLACE,
      unknown,
      specs.map(({ name }) => name),
    );
  const values = new Map<string, unknown>(named);
  return Object.fromEntries(
    specs.map((spec) => [
      spec.name,
      castParam(`${PLACE}.${spec.name}`, values.has(spec.name) ? values.get(spec.name) : spec.default, spec),
    ]),
  );
}

function castParam(place: string, value: unknown, spec: ParamSpec): unknown {
  if (spec.type === "object") {
    castCell(place, value, spec, true);
    // Checked, but given on as it is: that is what MLflow does.
    return value;
  }
  if (spec.shape === undefined) return castScalar(place, value, spec.type);
  if (!Array.isArray(value) && !isTypedArray(value)) throw invalidArgument(place, value, `a list of ${spec.type}`);
  return Array.from(value as ArrayLike<unknown>, (item, index) => castScalar(`${place}[${index}]`, item, spec.type));
}

function castScalar(place: string, value: unknown, type: DataType): unknown {
  if (value === null) return null;
  // A 1 is no boolean here: params have no tensors to come from.
  if (type === "boolean" && typeof value !== "boolean") throw invalidArgument(place, value, "boolean");
  // As in Python, a float keeps all its digits as a param.
  return castCell(place, value, { type: type === "float" ? "double" : type }, true);
}
