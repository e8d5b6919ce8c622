import { invalidArgument } from "../../base/errors.ts";
import type { ColumnType, DataType, ObjectType } from "../../mlmodel/column-type-schema.ts";
import { isTypedArray } from "../tensor-value.ts";
import { isPlainObject } from "./given-tensor.ts";
import { missingNames, unknownNames } from "./names.ts";

const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2n ** 63n;

/**
 * MLflow's dates are texts of ISO 8601, the time and the zone being optional; without a zone they are UTC, as pandas
 * takes them.
 */
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** The date of a text in ISO 8601, or `undefined`. Digits beyond the milliseconds are cut off. */
export function parseIsoDate(text: string): Date | undefined {
  const match = ISO_DATE.exec(text);
  if (match === null) return undefined;
  const hasTime = text.length > "2024-01-01".length;
  const date = new Date(hasTime && match[1] === undefined ? `${text.replace(" ", "T")}Z` : text.replace(" ", "T"));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function integer(value: unknown): unknown {
  const number = typeof value === "bigint" ? Number(value) : value;
  return Number.isInteger(number) && Math.abs((number as number) + 0.5) < INT32_LIMIT ? number : undefined;
}

function long(value: unknown): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof whole !== "bigint" || whole < -INT64_LIMIT || whole >= INT64_LIMIT) return undefined;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function real(value: unknown): unknown {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value === null ? Number.NaN : undefined;
}

const orNull = (cast: (value: unknown) => unknown) => (value: unknown) => (value === null ? null : cast(value));

const CASTS: Readonly<Record<DataType, (value: unknown) => unknown>> = {
  boolean: orNull((value) => {
    if (typeof value === "boolean") return value;
    return value === 0 || value === 1 ? value === 1 : undefined;
  }),
  integer,
  long,
  float: (value) => {
    const number = real(value);
    return number === undefined ? undefined : Math.fround(number as number);
  },
  double: real,
  string: orNull((value) => (typeof value === "string" ? value : undefined)),
  binary: orNull((value) => (value instanceof Uint8Array ? value : undefined)),
  datetime: orNull((value) => {
    if (typeof value === "string") return parseIsoDate(value);
    return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined;
  }),
};

const EXPECTED: Readonly<Record<DataType, string>> = {
  boolean: "boolean",
  integer: "integer (a whole number of 32 bits)",
  long: "long (a whole number of 64 bits)",
  float: "float",
  double: "double",
  string: "string",
  binary: "binary (a Uint8Array)",
  datetime: "datetime (a Date, or a text in ISO 8601)",
};

/** The cast of a type that holds single values: `undefined` for what is no such value. Needs no place, which takes time to name. */
export const scalarCast = ({ type }: ColumnType): ((value: unknown) => unknown) | undefined =>
  Object.hasOwn(CASTS, type) ? CASTS[type as DataType] : undefined;

/**
 * One value of a table as its column's type has it. Null and `undefined` are NaN in columns of floats, refused in
 * those of integers, else null, as in MLflow; in columns that are not required they are null everywhere but in
 * floats.
 *
 * @param place of it, for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function castCell(place: string, value: unknown, type: ColumnType, required: boolean): unknown {
  const given = value === undefined ? null : value;
  switch (type.type) {
    case "any":
    case "sparkml_vector":
      return given;
    case "array":
      return castList(place, given, type.items, required);
    case "object":
      return given === null && !required ? null : castObject(place, given, type);
    case "map":
      return castMap(place, given, type.values, required);
    default:
      return castScalar(place, given, type.type, required);
  }
}

function castScalar(place: string, value: unknown, type: DataType, required: boolean): unknown {
  const result = CASTS[type](value);
  if (result !== undefined) return result;
  if (value === null && !required) return null;
  throw invalidArgument(place, value, EXPECTED[type]);
}

function castList(place: string, value: unknown, items: ColumnType, required: boolean): unknown {
  if (value === null && (!required || items.type === "any")) return null;
  if (!Array.isArray(value) && !isTypedArray(value)) throw invalidArgument(place, value, `a list of ${items.type}`);
  return Array.from(value as ArrayLike<unknown>, (item, index) =>
    castCell(`${place}[${index}]`, item, items, required),
  );
}

function castObject(place: string, value: unknown, { properties }: ObjectType): unknown {
  const object = expectObject(place, value);
  const known = Object.keys(properties);
  const absent = known.filter((name) => !Object.hasOwn(object, name));
  const missing = absent.filter((name) => properties[name]?.required);
  if (missing.length > 0) throw missingNames(place, missing, Object.keys(object), known);
  const unknown = Object.keys(object).filter((name) => !Object.hasOwn(properties, name));
  if (unknown.length > 0) throw unknownNames(place, unknown, known);
  return castMembers(object, (name) => {
    const property = properties[name] as ObjectType["properties"][string];
    return castCell(`${place}.${name}`, object[name], property, property.required);
  });
}

function castMap(place: string, value: unknown, values: ColumnType, required: boolean): unknown {
  if (value === null && (!required || values.type === "any")) return null;
  const object = expectObject(place, value);
  return castMembers(object, (name) => castCell(`${place}.${name}`, object[name], values, required));
}

const castMembers = (object: object, cast: (name: string) => unknown) =>
  Object.fromEntries(Object.keys(object).map((name) => [name, cast(name)]));

function expectObject(place: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw invalidArgument(place, value, "an object");
  return value;
}
