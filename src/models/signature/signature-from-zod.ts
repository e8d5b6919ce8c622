import type { z } from "zod";
import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec, ColumnType, DataType, Property } from "../../mlmodel/column-type-schema.ts";
import { type Signature, signatureSchema } from "../../mlmodel/signature-schema.ts";
import { checkArgument } from "../../schema/check.ts";

/** What a user's zod says of itself. Read by form: the user's zod may be another copy than ours. */
interface Definition {
  readonly type: string;
  readonly format?: string;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly checks?: readonly {
    readonly _zod: { readonly def: { readonly check: string; readonly format?: string } };
  }[];
}

const SCALARS: Readonly<Record<string, ColumnType>> = {
  string: { type: "string" },
  template_literal: { type: "string" },
  boolean: { type: "boolean" },
  bigint: { type: "long" },
  date: { type: "datetime" },
  any: { type: "any" },
  unknown: { type: "any" },
};

const NUMBER_FORMATS: Readonly<Record<string, DataType>> = {
  safeint: "long",
  int32: "integer",
  uint32: "long",
  float32: "float",
};

/** What may be absent or null. */
const OPTIONAL_FORMS: ReadonlySet<string> = new Set([
  "optional",
  "nullable",
  "default",
  "prefault",
  "catch",
  "exactOptional",
]);
const TRANSPARENT_FORMS: ReadonlySet<string> = new Set(["readonly", "nonoptional"]);

/** Schemas that hold themselves would never end. */
const MOST_NESTING = 100;

/**
 * The signature of a model that takes (and gives) rows, from zod objects: a column for each field. `z.number()` is `double`,
 * `z.int()` `long`, `z.int32()` `integer`, `z.float32()` `float`, `z.date()` `datetime`; what is optional, nullable or has a default
 * is an optional column.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for a field that MLflow has no type for, with its place
 */
export function signatureFromZod(inputs: z.core.$ZodObject, outputs?: z.core.$ZodObject): Signature {
  return checkArgument("signature", signatureSchema, {
    inputs: columnsOf("inputs", inputs),
    outputs: outputs === undefined ? undefined : columnsOf("outputs", outputs),
  });
}

function columnsOf(place: string, schema: z.core.$ZodType): ColumnSpec[] {
  const { type, shape } = definitionOf(schema);
  if (type !== "object" || shape === undefined) throw invalidArgument(place, `zod's ${type}`, "a zod object");
  return Object.entries(shape).map(([name, field]) => ({ ...propertyOf(`${place}.${name}`, field, 0), name }));
}

function propertyOf(place: string, schema: z.core.$ZodType, depth: number): Property {
  const definition = definitionOf(schema);
  const inner = definition.innerType;
  if (inner !== undefined && OPTIONAL_FORMS.has(definition.type)) {
    return { ...typeOf(place, inner, depth), required: false };
  }
  if (inner !== undefined && TRANSPARENT_FORMS.has(definition.type)) return propertyOf(place, inner, depth);
  const type = typeOf(place, schema, depth);
  return { ...type, required: type.type !== "any" };
}

function typeOf(place: string, schema: z.core.$ZodType, depth: number): ColumnType {
  if (depth > MOST_NESTING) throw invalidArgument(place, "a schema that holds itself", "a schema with an end");
  const definition = definitionOf(schema);
  const scalar = SCALARS[definition.type];
  if (scalar !== undefined) return scalar;
  const inner = definition.innerType ?? (definition.type === "pipe" ? definition.in : undefined);
  if (inner !== undefined) return typeOf(place, inner, depth + 1);
  switch (definition.type) {
    case "number":
      return { type: numberType(definition) };
    case "literal":
    case "enum":
      return { type: typeOfValues(place, definition.values ?? Object.values(definition.entries ?? {})) };
    case "array":
      return { type: "array", items: typeOf(`${place}[]`, definition.element as z.core.$ZodType, depth + 1) };
    case "record":
      return { type: "map", values: typeOf(`${place}.*`, definition.valueType as z.core.$ZodType, depth + 1) };
    case "object":
      return { type: "object", properties: propertiesOf(place, definition.shape ?? {}, depth + 1) };
    default:
      throw invalidArgument(place, `zod's ${definition.type}`, "a zod schema that MLflow has a type for");
  }
}

function propertiesOf(
  place: string,
  shape: Readonly<Record<string, z.core.$ZodType>>,
  depth: number,
): Record<string, Property> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [name, propertyOf(`${place}.${name}`, field, depth)]),
  );
}

/** `z.int()` has its format itself, `z.number().int()` among its checks. */
function numberType({ format, checks = [] }: Definition): DataType {
  const formats = [format, ...checks.map(({ _zod }) => _zod.def.format)];
  return formats.map((name) => NUMBER_FORMATS[name ?? ""]).find((type) => type !== undefined) ?? "double";
}

function typeOfValues(place: string, values: readonly unknown[]): DataType {
  if (values.length > 0 && values.every((value) => typeof value === "string")) return "string";
  if (values.length > 0 && values.every((value) => typeof value === "boolean")) return "boolean";
  if (values.length > 0 && values.every((value) => typeof value === "number")) {
    return values.every(Number.isSafeInteger) ? "long" : "double";
  }
  throw invalidArgument(place, "literals of several kinds", "texts, booleans or numbers");
}

const definitionOf = (schema: z.core.$ZodType) => schema._zod.def as unknown as Definition;
