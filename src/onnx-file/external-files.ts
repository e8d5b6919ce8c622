import type { ByteSource } from "./byte-source.ts";
import { DELIMITED, eachField, type Field, textAt, within } from "./wire.ts";

// Fields of the messages in onnx/onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_EXTERNAL_DATA = 13;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;

// A file says how long its parts are; these are what is believed.
const MOST_GRAPH_FIELDS = 2_000_000;
const MOST_FIELDS = 10_000;

/**
 * The files in which a model keeps weights, by the paths that it has for them: relative to its own, and from whoever made it. `undefined`
 * where the bytes are no ONNX model.
 */
export function readExternalFiles(source: ByteSource): ReadonlySet<string> | undefined {
  const files = new Set<string>();
  let isModel = false;
  const isWhole = eachField(source, 0, source.sizeBytes, MOST_FIELDS, (field) => {
    if (field.field !== MODEL_GRAPH || field.wire !== DELIMITED) return true;
    isModel = within(source, field, MOST_GRAPH_FIELDS, (part) => {
      if (part.field === GRAPH_INITIALIZER && part.wire === DELIMITED) addFileOf(source, part, files);
    });
    return isModel;
  });
  return isWhole && isModel ? files : undefined;
}

function addFileOf(source: ByteSource, weight: Field, files: Set<string>): void {
  within(source, weight, MOST_GRAPH_FIELDS, (field) => {
    if (field.field !== TENSOR_EXTERNAL_DATA || field.wire !== DELIMITED) return;
    let key = "";
    let value = "";
    within(source, field, MOST_FIELDS, (part) => {
      if (part.wire !== DELIMITED) return;
      if (part.field === ENTRY_KEY) key = textAt(source, part.position, part.length);
      if (part.field === ENTRY_VALUE) value = textAt(source, part.position, part.length);
    });
    if (key === "location") files.add(value);
  });
}
