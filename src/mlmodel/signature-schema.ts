import { z } from "zod";
import { type ColumnSpec, columnSpecSchema, dataTypeSchema, objectTypeProperties } from "./column-type-schema.ts";
import { type ParamDefault, paramDefaultProblem } from "./param-default.ts";

/** NumPy's names of what a tensor holds. `str` has texts, `bytes` bytes of any length; units of times are in brackets. */
const DTYPE =
  /^(?:bool|u?int(?:8|16|32|64)|float(?:16|32|64|128)|complex(?:64|128|256)|str|bytes|object|(?:datetime|timedelta)64(?:\[\d*[a-z]{1,7}\])?)$/i;

export const dtypeSchema = z.string().regex(DTYPE, { error: "is no dtype of NumPy" });

export const tensorSpecSchema = z.object({
  /** Absent only where there is one tensor. */
  name: z.string().optional(),
  type: z.literal("tensor"),
  "tensor-spec": z.object({
    /** NumPy's name: `float32`, `int64`, `bool`, `str`, … */
    dtype: dtypeSchema,
    /** Lengths of the axes, `-1` where any will do. */
    shape: z.array(z.int().min(-1)),
  }),
});
/** One tensor that a model takes or gives. @interface */
export type TensorSpec = z.infer<typeof tensorSpecSchema>;

/** One thing that a model takes or gives. */
export type InputOutputSpec = TensorSpec | ColumnSpec;

/** A field of null says what an absent one says. */
const withoutNulls = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([key, member]) => member !== null || key === "default"))
    : value;

const isTensor = (spec: InputOutputSpec): spec is TensorSpec => spec.type === "tensor";

/** What MLflow's `Schema` refuses, or `undefined`. */
function mixProblem(specs: readonly InputOutputSpec[]): string | undefined {
  const named = specs.filter(({ name }) => name !== undefined).length;
  if (named > 0 && named < specs.length) return "some have names and some have none";
  const tensors = specs.filter(isTensor).length;
  if (tensors > 0 && tensors < specs.length) return "tensors and columns cannot be mixed";
  if (named > 0) return undefined;
  if (tensors > 1) return "several tensors need names";
  return specs.some((spec) => !isTensor(spec) && !spec.required) ? "optional columns need names" : undefined;
}

const specSchema: z.ZodType<InputOutputSpec> = z.preprocess(
  withoutNulls,
  z.union([tensorSpecSchema, columnSpecSchema]),
);

const specsSchema = z
  .array(specSchema)
  .min(1, { error: "is empty" })
  .check(({ value, issues }) => {
    const message = mixProblem(value);
    if (message !== undefined) issues.push({ code: "custom", input: value, message });
  });

const shapeOfParam = z.tuple([z.literal(-1)]).optional();
const paramDefault = z.custom<ParamDefault>((value) => value !== undefined, { error: "has no default" });

/** Models of old have `dtype` in place of `type`. */
const withType = (value: unknown) => {
  const spec = withoutNulls(value);
  if (typeof spec !== "object" || spec === null || "type" in spec || !("dtype" in spec)) return spec;
  const { dtype, ...rest } = spec;
  return { ...rest, type: dtype };
};

const paramForms = z.discriminatedUnion("type", [
  z.object({
    name: z.string(),
    type: dataTypeSchema.exclude(["binary"]),
    /** A datetime as its ISO 8601 text. */
    default: paramDefault,
    /** `[-1]` where the param is a list. */
    shape: shapeOfParam,
  }),
  z.object({
    name: z.string(),
    type: z.literal("object"),
    properties: objectTypeProperties,
    default: paramDefault,
    shape: z.undefined().optional(),
  }),
]);

export const paramSpecSchema = z.preprocess(
  withType,
  paramForms.check(({ value, issues }) => {
    const message = paramDefaultProblem(value);
    if (message !== undefined) issues.push({ code: "custom", input: value.default, message, path: ["default"] });
  }),
);
/** One param of a model: a value beside the inputs that has a default. @useDeclaredType */
export type ParamSpec = z.infer<typeof paramSpecSchema>;

const paramsSchema = z
  .array(paramSpecSchema)
  .refine((params) => new Set(params.map(({ name }) => name)).size === params.length, { error: "a name stands twice" });

export const signatureSchema = z
  .object({
    /** What the model takes: tensors, or the columns of a table. */
    inputs: specsSchema.optional(),
    /** What it gives. */
    outputs: specsSchema.optional(),
    params: paramsSchema.optional(),
  })
  .refine((parts) => Object.values(parts).some((part) => part !== undefined), {
    error: "a signature says something of inputs, outputs or params",
  });
/** What a model takes and gives, in MLflow's terms. @interface */
export type Signature = z.infer<typeof signatureSchema>;
