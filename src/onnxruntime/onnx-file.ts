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

/** Bytes that can be read here and there. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** At most `length` bytes from `position` on; fewer at the end. */
  read(position: number, length: number): Uint8Array;
}

/** Protobuf's ways to write a field. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

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
const LONGEST_TEXT_BYTES = 1_024;
/** A varint has ten bytes, and so has the tag before it. */
const FIELD_HEAD_BYTES = 20;

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

interface Field {
  readonly field: number;
  readonly wire: number;
  /** Of a varint; NaN where it is no safe integer. */
  readonly value: number;
  /** Where the content of a delimited field is. */
  readonly position: number;
  readonly length: number;
}

/**
 * Calls `visit` with every field between two positions until it answers false. Answers false where the bytes are not protobuf, or have more
 * fields than anybody needs.
 */
function eachField(
  source: ByteSource,
  start: number,
  end: number,
  mostFields: number,
  visit: (field: Field) => boolean,
): boolean {
  let position = start;
  for (let count = 0; position < end; count++) {
    if (count === mostFields) return false;
    const head = source.read(position, Math.min(FIELD_HEAD_BYTES, end - position));
    const tag = varintAt(head, 0);
    if (tag === undefined || !(tag.value >= 8 && tag.value < 2 ** 32)) return false;
    const field = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    position += tag.next;
    if (wire === VARINT || wire === DELIMITED) {
      const number = varintAt(head, tag.next);
      if (number === undefined) return false;
      position += number.next - tag.next;
      const length = wire === DELIMITED ? number.value : 0;
      if (!(length <= end - position)) return false;
      if (!visit({ field, wire, value: number.value, position, length })) return true;
      position += length;
    } else if (wire === FIXED64) position += 8;
    else if (wire === FIXED32) position += 4;
    else return false;
    if (position > end) return false;
  }
  return true;
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

function textAt(source: ByteSource, position: number, length: number): string {
  return new TextDecoder().decode(source.read(position, Math.min(length, LONGEST_TEXT_BYTES)));
}

/** The number at an index, NaN where it is no safe integer, and the index after it; `undefined` where there is no whole number. */
function varintAt(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = start; index < start + 10; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * (index - start));
    if (byte < 128) return { value: Number.isSafeInteger(value) ? value : Number.NaN, next: index + 1 };
  }
  return undefined;
}
