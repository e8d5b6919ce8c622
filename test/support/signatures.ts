import fc from "fast-check";
import type { ColumnSpec, ColumnType, DataType } from "../../src/mlmodel/column-type-schema.ts";
import type { ParamSpec, Signature, TensorSpec } from "../../src/mlmodel/signature-schema.ts";
import { awkwardText } from "./awkward-yaml.ts";

const name = awkwardText.filter((text) => text !== "__proto__");
const dataType = fc.constantFrom<DataType[]>(
  "boolean",
  "integer",
  "long",
  "float",
  "double",
  "string",
  "binary",
  "datetime",
);
const scalarType = dataType.map((type): ColumnType => ({ type }));

const { columnType } = fc.letrec<{ columnType: ColumnType }>((tie) => ({
  columnType: fc.oneof(
    { depthSize: "small" },
    scalarType,
    fc.constantFrom<ColumnType[]>({ type: "any" }),
    tie("columnType").map((items): ColumnType => ({ type: "array", items })),
    tie("columnType").map((values): ColumnType => ({ type: "map", values })),
    fc
      .dictionary(name, fc.tuple(tie("columnType"), fc.boolean()), { minKeys: 1, maxKeys: 3, noNullPrototype: true })
      .map(
        (properties): ColumnType => ({
          type: "object",
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, [type, required]]) => [key, { ...type, required }]),
          ),
        }),
      ),
  ),
}));

const DTYPES = [
  ..."bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128 str bytes object".split(
    " ",
  ),
  "datetime64[ns]",
];

const tensor = (named: boolean): fc.Arbitrary<TensorSpec> =>
  fc
    .record({
      name,
      dtype: fc.constantFrom(...DTYPES),
      shape: fc.array(fc.integer({ min: -1, max: 1000 }), { maxLength: 4 }),
    })
    .map(({ name, dtype, shape }) => ({
      ...(named ? { name } : {}),
      type: "tensor",
      "tensor-spec": { dtype, shape },
    }));

const column = (named: boolean): fc.Arbitrary<ColumnSpec> =>
  fc
    .record({ type: columnType, name, required: fc.boolean() })
    .map(({ type, name, required }) => (named ? { ...type, name, required } : { ...type, required: true }));

const several = { minLength: 1, maxLength: 4 };
const specs = fc.oneof(
  fc.array(tensor(true), several),
  fc.tuple(tensor(false)),
  fc.array(column(true), several),
  fc.array(column(false), several),
);

const DEFAULTS = {
  boolean: fc.boolean(),
  integer: fc.integer(),
  long: fc.maxSafeInteger(),
  float: fc.double({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  string: awkwardText,
  datetime: fc
    .date({ min: new Date("1700-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 19)),
};

const param = fc.oneof(
  ...Object.entries(DEFAULTS).flatMap(([type, value]: [string, fc.Arbitrary<string | number | boolean>]) => [
    fc.record({
      name,
      type: fc.constant(type),
      default: type === "datetime" ? value : fc.oneof(value, fc.constant(null)),
    }),
    fc.record({
      name,
      type: fc.constant(type),
      default: fc.array(value, { minLength: 1, maxLength: 3 }),
      shape: fc.constant([-1]),
    }),
  ]),
  fc.record({ name, value: fc.maxSafeInteger() }).map(({ name, value }) => ({
    name,
    type: "object",
    properties: { a: { type: "long", required: true } },
    default: { a: value },
  })),
) as fc.Arbitrary<ParamSpec>;

/** Any signature that MLflow takes. */
export const anySignature: fc.Arbitrary<Signature> = fc
  .record(
    {
      inputs: specs,
      outputs: specs,
      params: fc.uniqueArray(param, { minLength: 1, maxLength: 3, selector: (spec) => spec.name }),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((signature) => Object.keys(signature).length > 0);
