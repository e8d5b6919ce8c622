import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec, ColumnType } from "../../mlmodel/column-type-schema.ts";
import { parseIsoDate } from "../predict/cast-cell.ts";
import { isPlainObject } from "../predict/given-tensor.ts";
import type { Row } from "../signature/infer-signature.ts";

/** Rows of texts in which the signature knows bytes, in base64, and dates, in ISO 8601. */
export function decodeRows(rows: readonly Row[], columns: readonly ColumnSpec[] | undefined): readonly Row[] {
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
