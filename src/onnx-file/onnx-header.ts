import type { ByteSource } from "./byte-source.ts";
import { DELIMITED, eachField, textAt, VARINT } from "./wire.ts";

/** What the head of an .onnx file says of the model. */
export interface OnnxHeader {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: number;
  /** Version of each operator set the model uses, by domain; the standard one's is `""`. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Name of the graph. */
  readonly graphName?: string;
}

// Fields of ModelProto, OperatorSetIdProto and GraphProto (onnx/onnx.proto).
const IR_VERSION = 1;
const PRODUCER_NAME = 2;
const PRODUCER_VERSION = 3;
const DOMAIN = 4;
const MODEL_VERSION = 5;
const GRAPH = 7;
const OPSET_IMPORT = 8;
const OPSET_DOMAIN = 1;
const OPSET_VERSION = 2;
const GRAPH_NAME = 2;

// A file says how long its parts are; these are what is believed. A model has about ten fields and one or two operator sets, and a graph
// a field for every node and every weight, of which the name is usually near the end.
const MOST_FIELDS = 10_000;
const MOST_GRAPH_FIELDS = 20_000;
const MOST_OPSETS = 64;

/**
 * Reads what stands on the top level of an ONNX model, and the name of its graph. Weights are stepped over: of a file of any size a few
 * blocks are read. `undefined` where the bytes are no ONNX model.
 */
export function readOnnxHeader(source: ByteSource): OnnxHeader | undefined {
  const header: { -readonly [Name in keyof OnnxHeader]: OnnxHeader[Name] } = { opsets: new Map() };
  const opsets = new Map<string, number>();
  let hasGraph = false;
  const isWhole = eachField(source, 0, source.sizeBytes, MOST_FIELDS, ({ field, wire, value, position, length }) => {
    if (wire === VARINT && field === IR_VERSION) header.irVersion = value;
    else if (wire === VARINT && field === MODEL_VERSION) header.modelVersion = value;
    else if (wire === DELIMITED) {
      if (field === PRODUCER_NAME) header.producerName = textAt(source, position, length);
      else if (field === PRODUCER_VERSION) header.producerVersion = textAt(source, position, length);
      else if (field === DOMAIN) header.domain = textAt(source, position, length);
      else if (field === OPSET_IMPORT && opsets.size < MOST_OPSETS) addOpset(opsets, source, position, length);
      else if (field === GRAPH) {
        hasGraph = true;
        const name = graphNameAt(source, position, length);
        if (name !== undefined) header.graphName = name;
      }
    }
    return true;
  });
  if (!isWhole || !hasGraph) return undefined;
  return { ...header, opsets };
}

function addOpset(opsets: Map<string, number>, source: ByteSource, start: number, length: number): void {
  let domain = "";
  let version: number | undefined;
  const isWhole = eachField(source, start, start + length, MOST_OPSETS, ({ field, wire, value, ...content }) => {
    if (field === OPSET_DOMAIN && wire === DELIMITED) domain = textAt(source, content.position, content.length);
    if (field === OPSET_VERSION && wire === VARINT) version = value;
    return true;
  });
  if (isWhole && version !== undefined) opsets.set(domain === "ai.onnx" ? "" : domain, version);
}

function graphNameAt(source: ByteSource, start: number, length: number): string | undefined {
  let name: string | undefined;
  eachField(source, start, start + length, MOST_GRAPH_FIELDS, ({ field, wire, ...content }) => {
    if (field === GRAPH_NAME && wire === DELIMITED) name = textAt(source, content.position, content.length);
    return name === undefined;
  });
  return name;
}
