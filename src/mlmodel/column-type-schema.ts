import { z } from "zod";

export const dataTypeSchema = z.enum(["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]);
/** MLflow's types of a single value. @useDeclaredType */
export type DataType = z.infer<typeof dataTypeSchema>;

/** A list in each cell. */
export interface ArrayType {
  type: "array";
  items: ColumnType;
}

/** An object with known properties in each cell. */
export interface ObjectType {
  type: "object";
  /** At least one. */
  properties: Record<string, Property>;
}

/** An object with any keys and values of one type in each cell. */
export interface MapType {
  type: "map";
  values: ColumnType;
}

/** MLflow's types of what stands in a cell of a table. `any` takes everything, null too. */
export type ColumnType =
  | { type: DataType }
  | ArrayType
  | ObjectType
  | MapType
  | { type: "any" }
  | { type: "sparkml_vector" };

/** A property of an {@link ObjectType}. */
export type Property = ColumnType & {
  /** Whether it may be absent or null. Default `true`. */
  required: boolean;
};

/** The forms of a column type, each with more members beside. */
const formsWith = <S extends z.ZodRawShape>(more: S) =>
  [
    z.object({ type: dataTypeSchema, ...more }),
    z.object({ type: z.literal("array"), items: z.lazy(() => columnTypeSchema), ...more }),
    z.object({ type: z.literal("object"), properties: propertiesSchema, ...more }),
    z.object({ type: z.literal("map"), values: z.lazy(() => columnTypeSchema), ...more }),
    z.object({ type: z.enum(["any", "sparkml_vector"]), ...more }),
  ] as const;

/** MLflow takes what says nothing as required. */
export const requiredSchema = z.boolean().default(true);

const propertiesSchema = z
  .record(
    z.string(),
    z.lazy(() => propertySchema),
  )
  .refine((properties) => Object.keys(properties).length > 0, { error: "an object type needs a property" });

export const columnTypeSchema: z.ZodType<ColumnType> = z.discriminatedUnion("type", formsWith({}));

const propertySchema: z.ZodType<Property> = z.discriminatedUnion("type", formsWith({ required: requiredSchema }));

export const columnSpecSchema = z.discriminatedUnion(
  "type",
  formsWith({
    /** Absent where no column has a name. Pandas numbers the columns of a table that was given no names. */
    name: z.union([z.string(), z.int()]).optional(),
    required: requiredSchema,
  }),
);
/** One column of a table. */
export type ColumnSpec = ColumnType & {
  name?: string | number | undefined;
  required: boolean;
};

/** The properties of an object type, alone: what an object as a param has. */
export const objectTypeProperties = propertiesSchema;
