import { invalidArgument } from "../../base/errors.ts";
import type { ColumnType, DataType, Property } from "../../mlmodel/column-type-schema.ts";
import { isTypedArray } from "../tensor-value.ts";

const TYPES_OF_ARRAYS: Readonly<Record<string, DataType>> = {
  Float32Array: "float",
  Float64Array: "double",
  BigInt64Array: "long",
  BigUint64Array: "long",
  Uint32Array: "long",
};

/**
 * MLflow's type of one value in a cell. Whole numbers are `long`, others `double`; `Uint8Array` is `binary`; null, `undefined` and
 * empty lists and objects say nothing: `any`.
 *
 * @param place of the value, for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where MLflow has no type for it
 */
export function inferColumnType(place: string, value: unknown): ColumnType {
  switch (typeof value) {
    case "boolean":
      return { type: "boolean" };
    case "string":
      return { type: "string" };
    case "bigint":
      return { type: "long" };
    case "number":
      return { type: Number.isSafeInteger(value) ? "long" : "double" };
    case "undefined":
      return { type: "any" };
    case "object":
      return value === null ? { type: "any" } : inferObjectType(place, value);
    default:
      throw invalidArgument(place, value, "a value that MLflow has a type for");
  }
}

function inferObjectType(place: string, value: object): ColumnType {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalidArgument(place, value, "a valid date");
    return { type: "datetime" };
  }
  if (value instanceof Uint8Array) return { type: "binary" };
  if (isTypedArray(value)) {
    return { type: "array", items: { type: TYPES_OF_ARRAYS[value.constructor.name] ?? "integer" } };
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return { type: "any" };
    return {
      type: "array",
      items: mergeAll(
        place,
        value.map((item) => inferColumnType(place, item)),
      ),
    };
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { type: "any" };
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, member]) => [name, inferProperty(`${place}.${name}`, member)])),
  };
}

function inferProperty(place: string, value: unknown): Property {
  const type = inferColumnType(place, value);
  return { ...type, required: type.type !== "any" };
}

/** The type of several values in one place. */
export function mergeAll(place: string, types: readonly ColumnType[]): ColumnType {
  return types.reduce((merged, type) => mergeTypes(place, merged, type), { type: "any" });
}

/** The type that takes what either takes; properties that only one has become optional. */
function mergeTypes(place: string, a: ColumnType, b: ColumnType): ColumnType {
  if (a.type === "any") return b;
  if (b.type === "any") return a;
  if (a.type === "array" && b.type === "array") {
    return { type: "array", items: mergeTypes(place, a.items, b.items) };
  }
  if (a.type === "map" && b.type === "map") return { type: "map", values: mergeTypes(place, a.values, b.values) };
  if (a.type === "object" && b.type === "object") {
    return { type: "object", properties: mergeProperties(place, a.properties, b.properties) };
  }
  if (a.type === b.type) return a;
  // JavaScript has one kind of number: 1 among 1.5 is no other type.
  const types = [a.type, b.type];
  if (types.every((type) => type === "long" || type === "double")) return { type: "double" };
  throw invalidArgument(place, `${a.type} and ${b.type}`, "values of one type");
}

function mergeProperties(
  place: string,
  a: Readonly<Record<string, Property>>,
  b: Readonly<Record<string, Property>>,
): Record<string, Property> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const [mine, other] = [a, b].map((properties) =>
        Object.hasOwn(properties, name) ? properties[name] : undefined,
      );
      const type = mergeTypes(`${place}.${name}`, mine ?? { type: "any" }, other ?? { type: "any" });
      return [name, { ...type, required: (mine?.required ?? false) && (other?.required ?? false) }];
    }),
  );
}
