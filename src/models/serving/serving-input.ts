import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import { jsonProblem, parsePythonJson } from "../../mlmodel/python/python-json.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import type { PredictInput } from "../predict/predict-types.ts";
import { partsOf } from "../predict/signature-parts.ts";
import type { Row } from "../signature/infer-signature.ts";
import { decodeRows } from "./coded-cells.ts";
import { parseCsv } from "./csv.ts";
import { rowsOfCsv } from "./csv-cells.ts";
import { isObject, isRecords, recordRows, splitRows, tableRows } from "./serving-table.ts";

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
 * Reads what MLflow's scoring servers take at `/invocations`: JSON with one of `inputs`, `instances`,
 * `dataframe_split` and `dataframe_records`, and with `params`; or CSV with a header. The signature says which
 * columns hold bytes (in base64) and dates (in ISO 8601), and what type the cells of CSV have; without one they are
 * what they look like. Whole numbers beyond 2^53 are bigints, bare `NaN` and `Infinity` numbers. Other members of the
 * object are left out, as MLflow does it.
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
