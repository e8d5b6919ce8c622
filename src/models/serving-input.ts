import { invalidArgument, TidemarkError } from "../base/errors.ts";
import type { ColumnSpec, ColumnType } from "../mlmodel/column-type-schema.ts";
import { jsonProblem, parsePythonJson } from "../mlmodel/python/python-json.ts";
import type { Signature } from "../mlmodel/signature-schema.ts";
import { parseCsv } from "./csv.ts";
import { rowsOfCsv } from "./csv-cells.ts";
import type { Row } from "./infer-signature.ts";
import { parseIsoDate } from "./predict/cast-cell.ts";
import { isPlainObject } from "./predict/given-tensor.ts";
import { partsOf } from "./predict/input-plan.ts";
import type { PredictInput } from "./predict/predict-types.ts";

/** The body of a request for a prediction. */
export interface ServingInput {
  readonly input: PredictInput;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Longer texts would not become a string of JavaScript's twice over. */
const MOST_CHARACTERS = 100 * 1024 * 1024;

const FORMS = ["inputs", "instances", "dataframe_split", "dataframe_records"] as const;
const EXPECTED = `an object with exactly one of ${FORMS.join(", ")}`;

/**
 * Reads what MLflow's scoring servers take at `/invocations`: JSON with one of `inputs`, `instances`, `dataframe_split` and
 * `dataframe_records`, and with `params`; or CSV with a header. The signature says which columns hold bytes (in base64) and dates (in ISO 8601), and what type the cells of CSV
 * have; without one they are what they look like. Whole numbers beyond 2^53 are bigints, bare `NaN` and `Infinity` numbers. Other members of
 * the object are left out, as MLflow does it.
 *
 * For a signature of columns the input is always rows, so that the answer is rows, as MLflow's is.
 *
 * @param text at most 100 Mi characters; JSON is nested at most 100 levels deep
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the member, or the line and column
 */
export function parseServingInput(contentType: "json" | "csv", text: string, signature?: Signature): ServingInput {
  if (text.length > MOST_CHARACTERS) {
    throw invalidArgument("body", `${text.length} characters`, `at most ${MOST_CHARACTERS}`);
  }
  const { columns } = partsOf(signature);
  if (contentType === "csv") return { input: decodeRows(rowsOfCsv(parseCsv("body", text), columns), columns) };
  const { form, data, params } = readBody(text);
  const input = readForm(form, data, columns);
  return params === undefined || params === null ? { input } : { input, params };
}

interface Body {
  readonly form: (typeof FORMS)[number];
  readonly data: unknown;
  readonly params: Readonly<Record<string, unknown>> | null | undefined;
}

function readBody(text: string): Body {
  const body = parse(text);
  if (!isObject(body)) throw invalidArgument("body", body, EXPECTED);
  const forms = FORMS.filter((form) => Object.hasOwn(body, form));
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    throw invalidArgument("body", forms.length > 1 ? forms.join(" and ") : Object.keys(body).join(", "), EXPECTED);
  }
  const params = Object.hasOwn(body, "params") ? body.params : undefined;
  if (params !== undefined && params !== null && !isObject(params))
    throw invalidArgument("params", params, "an object");
  return { form, data: body[form], params };
}

function parse(text: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `body: ${jsonProblem(error)}`, { cause: error });
  }
}

/** Of JSON: an object with the members `data` and `dims` is no tensor here. */
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readForm(form: Body["form"], data: unknown, columns: readonly ColumnSpec[] | undefined): PredictInput {
  switch (form) {
    case "dataframe_split":
      return decodeRows(splitRows(data), columns);
    case "dataframe_records":
      return decodeRows(recordRows(form, data), columns);
    case "instances":
      if (columns === undefined && Array.isArray(data) && isRecords(data)) return namedLists(data);
      return readInputs(form, data, columns);
    default:
      return readInputs(form, data, columns);
  }
}

function recordRows(form: string, data: unknown): readonly Row[] {
  if (!Array.isArray(data)) throw invalidArgument(form, data, "a list of objects with a value for each column");
  for (const [index, row] of data.entries()) {
    if (!isObject(row)) throw invalidArgument(`${form}[${index}]`, row, "an object with a value for each column");
  }
  return data;
}

const isRecords = (data: readonly unknown[]): data is readonly Row[] => data.length > 0 && data.every(isObject);

function splitRows(data: unknown): readonly Row[] {
  const form = "dataframe_split";
  const expected = "an object with data, and columns and index if need be";
  if (!isObject(data) || !Object.hasOwn(data, "data")) throw invalidArgument(form, data, expected);
  const unknown = Object.keys(data).find((key) => !["data", "columns", "index"].includes(key));
  if (unknown !== undefined) throw invalidArgument(form, unknown, expected);
  const cells = data.data;
  if (!Array.isArray(cells)) throw invalidArgument(`${form}.data`, cells, "a list of rows");
  const rows = cells.map((row): readonly unknown[] => (Array.isArray(row) ? row : [row]));
  const names = splitNames(data.columns ?? rows[0]?.map((_, index) => index) ?? []);
  const { index } = data;
  if (index !== undefined && index !== null && (!Array.isArray(index) || index.length !== rows.length)) {
    throw invalidArgument(`${form}.index`, index, `a list of ${rows.length}, one for each row`);
  }
  return rows.map((row, at) => {
    if (row.length !== names.length) {
      throw invalidArgument(`${form}.data[${at}]`, row, `${names.length} values, one for each column`);
    }
    return Object.fromEntries(names.map((name, column) => [name, row[column]]));
  });
}

function splitNames(columns: unknown): readonly string[] {
  const place = "dataframe_split.columns";
  if (!Array.isArray(columns)) throw invalidArgument(place, columns, "a list of names");
  const names = columns.map((name) => {
    if (typeof name !== "string" && typeof name !== "number") throw invalidArgument(place, name, "names");
    return String(name);
  });
  if (new Set(names).size < names.length) throw invalidArgument(place, columns, "each name of a column once");
  return names;
}

/** Rows as MLflow's servers make them of `instances`: each name with a list of its values. */
function namedLists(rows: readonly Row[]): PredictInput {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries(
    Array.from(names, (name) => {
      const lacking = rows.findIndex((row) => !Object.hasOwn(row, name));
      if (lacking >= 0) throw invalidArgument(`instances[${lacking}].${name}`, undefined, "a value, as in the others");
      return [name, rows.map((row) => row[name])];
    }),
  ) as PredictInput;
}

function readInputs(form: string, data: unknown, columns: readonly ColumnSpec[] | undefined): PredictInput {
  if (data === null) throw invalidArgument(form, data, "a list, an object or a value");
  if (columns !== undefined) return decodeRows(tableRows(form, data, columns), columns);
  return (typeof data === "object" ? data : { data: [data], dims: [] }) as PredictInput;
}

/** What `inputs` and `instances` hold, for a signature of columns. */
function tableRows(form: string, data: unknown, columns: readonly ColumnSpec[]): readonly Row[] {
  const [first] = columns as readonly [ColumnSpec];
  const nameAt = (index: number) => String(columns[index]?.name ?? index);
  if (isObject(data)) return objectRows(form, data, columns);
  if (!Array.isArray(data)) return [{ [nameAt(0)]: data }];
  const list: readonly unknown[] = data;
  if (isRecords(list)) return list;
  if (columns.length === 1) return oneColumn(nameAt(0), list, first);
  return list.map((row, at) => {
    if (!Array.isArray(row) || row.length !== (list[0] as readonly unknown[]).length) {
      throw invalidArgument(`${form}[${at}]`, row, "a list of the values of a row, of one length in all rows");
    }
    return Object.fromEntries(row.map((value, index) => [nameAt(index), value]));
  });
}

/** A value for each row; for a column of lists, a single row's list, or one for each row. */
function oneColumn(name: string, list: readonly unknown[], type: ColumnType): readonly Row[] {
  const isLists = list.length > 0 && list.every(Array.isArray);
  if (type.type === "array" && (!isLists || type.items.type === "array")) return [{ [name]: list }];
  const isMatrix = type.type !== "array" && isLists && list.every((row) => (row as readonly unknown[]).length === 1);
  return list.map((value) => ({ [name]: isMatrix ? (value as readonly unknown[])[0] : value }));
}

function objectRows(form: string, data: Row, columns: readonly ColumnSpec[]): readonly Row[] {
  const hasLists = columns.some(({ type }) => type === "array" || type === "object" || type === "map");
  const entries = Object.entries(data);
  if (hasLists || !entries.every(([, value]) => Array.isArray(value))) return [data];
  const [firstName, firstList] = entries[0] ?? ["", []];
  const rowCount = (firstList as readonly unknown[]).length;
  for (const [name, list] of entries as [string, readonly unknown[]][]) {
    if (list.length !== rowCount) {
      throw invalidArgument(`${form}.${name}`, list, `${rowCount} values, as ${JSON.stringify(firstName)} has`);
    }
  }
  return Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries(entries.map(([name, list]) => [name, (list as readonly unknown[])[row]])),
  );
}

function decodeRows(rows: readonly Row[], columns: readonly ColumnSpec[] | undefined): readonly Row[] {
  const coded = columns?.filter(holdsCoded);
  if (coded === undefined || coded.length === 0) return rows;
  const types = new Map(coded.map((spec) => [String(spec.name ?? columns?.indexOf(spec)), spec]));
  return rows.map((row, at) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const type = types.get(name);
        return [name, type === undefined ? value : decode(`input[${at}].${name}`, value, type)];
      }),
    ),
  );
}

function holdsCoded(type: ColumnType): boolean {
  switch (type.type) {
    case "binary":
    case "datetime":
      return true;
    case "array":
      return holdsCoded(type.items);
    case "map":
      return holdsCoded(type.values);
    case "object":
      return Object.values(type.properties).some(holdsCoded);
    default:
      return false;
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What is of another form is left as it is: the model's check refuses it. */
function decode(place: string, value: unknown, type: ColumnType): unknown {
  if (type.type === "binary" && typeof value === "string") return decodeBase64(place, value);
  if (type.type === "datetime" && typeof value === "string") return parseIsoDate(value) ?? value;
  if (type.type === "array" && Array.isArray(value)) {
    return value.map((item, index) => decode(`${place}[${index}]`, item, type.items));
  }
  if (!isPlainObject(value) || (type.type !== "map" && type.type !== "object")) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const inner = type.type === "map" ? type.values : type.properties[name];
      return [name, inner === undefined ? member : decode(`${place}.${name}`, member, inner)];
    }),
  );
}

function decodeBase64(place: string, text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (!BASE64.test(digits)) throw invalidArgument(place, text, "bytes in base64");
  return new Uint8Array(Buffer.from(digits, "base64"));
}
