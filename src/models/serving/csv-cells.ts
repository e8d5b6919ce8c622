import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import type { Row } from "../signature/infer-signature.ts";
import type { CsvTable } from "./csv.ts";

/** What pandas takes for a value that is not there. */
const ABSENT = new Set(
  ",#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,nan,null".split(","),
);

const WHOLE = /^[+-]?\d+$/;
const REAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;

type ReadCell = (text: string) => unknown;

/**
 * The rows of a table of texts, as pandas would read them: by the column's type, or else by what all of its cells
 * look like. A text that is none of the type stays a text, which the model's check refuses with its place.
 */
export function rowsOfCsv({ names, rows }: CsvTable, specs: readonly ColumnSpec[] | undefined): Row[] {
  const byName = new Map(specs?.map((spec) => [String(spec.name), spec]));
  const isNamed = specs?.some(({ name }) => name !== undefined) ?? false;
  const readers = names.map((name, column) => {
    const spec = isNamed ? byName.get(name) : specs?.[column];
    return readerOf(spec) ?? guessReader(rows.map((cells) => cells[column] as string));
  });
  return rows.map((cells) =>
    Object.fromEntries(
      cells.map((text, column) => [
        names[column] as string,
        ABSENT.has(text) ? null : (readers[column] as ReadCell)(text),
      ]),
    ),
  );
}

function readerOf(spec: ColumnSpec | undefined): ReadCell | undefined {
  switch (spec?.type) {
    case undefined:
    case "any":
      return undefined;
    case "boolean":
      return boolean;
    case "integer":
    case "long":
    case "float":
    case "double":
      return number;
    default:
      return (text) => text;
  }
}

function guessReader(texts: readonly string[]): ReadCell {
  const present = texts.filter((text) => !ABSENT.has(text));
  if (present.every((text) => BOOLEAN.test(text))) return boolean;
  return present.every((text) => typeof number(text) !== "string") ? number : (text) => text;
}

const boolean: ReadCell = (text) => (BOOLEAN.test(text) ? text.toLowerCase() === "true" : text);

const number: ReadCell = (text) => {
  if (WHOLE.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text.replace("+", ""));
  if (REAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) return text;
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};
