import type { ByteSource } from "./byte-source.ts";
import { DELIMITED, eachField, type Field, textAt, VARINT, within } from "./wire.ts";

/** A tensor that a model takes or gives. */
export interface OnnxPort {
  readonly name: string;
  /** NumPy's name, `str` for texts; `undefined` for what is no tensor, or of a type NumPy has no name for. */
  readonly dtype: string | undefined;
  /** `-1` for lengths that vary; `undefined` where nothing is said. */
  readonly shape: readonly number[] | undefined;
}

/** What a model takes and gives. */
export interface OnnxPorts {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

// Fields of the messages in onnx/onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const GRAPH_SPARSE_INITIALIZER = 15;
const TENSOR_NAME = 8;
const SPARSE_VALUES = 1;
const VALUE_NAME = 1;
const VALUE_TYPE = 2;
const TYPE_TENSOR = 1;
const TENSOR_ELEMENT_TYPE = 1;
const TENSOR_SHAPE = 2;
const SHAPE_DIMENSION = 1;
const DIMENSION_LENGTH = 1;

/** TensorProto.DataType to NumPy. */
const DTYPES: Readonly<Record<number, string>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "str",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  14: "complex64",
  15: "complex128",
};

// A file says how long its parts are; these are what is believed. The largest models have some hundred thousand operators.
const MOST_GRAPH_FIELDS = 2_000_000;
const MOST_FIELDS = 10_000;

/**
 * Reads what a model takes and gives from its file; weights are stepped over. `undefined` where the bytes are no ONNX model.
 */
export function readOnnxPorts(source: ByteSource): OnnxPorts | undefined {
  let ports: OnnxPorts | undefined;
  eachField(source, 0, source.sizeBytes, MOST_FIELDS, (field) => {
    if (field.field === MODEL_GRAPH && field.wire === DELIMITED) ports = graphPorts(source, field);
    return ports === undefined;
  });
  return ports;
}

function graphPorts(source: ByteSource, graph: Field): OnnxPorts | undefined {
  const inputs: OnnxPort[] = [];
  const outputs: OnnxPort[] = [];
  // Models of IR 3 and before list their weights among the inputs.
  const weights = new Set<string>();
  const isWhole = within(source, graph, MOST_GRAPH_FIELDS, (field) => {
    if (field.wire !== DELIMITED) return;
    if (field.field === GRAPH_INPUT) inputs.push(portAt(source, field));
    else if (field.field === GRAPH_OUTPUT) outputs.push(portAt(source, field));
    else if (field.field === GRAPH_INITIALIZER) weights.add(nameAt(source, field, TENSOR_NAME));
    else if (field.field === GRAPH_SPARSE_INITIALIZER) weights.add(sparseNameAt(source, field));
  });
  if (!isWhole || outputs.length === 0) return undefined;
  return { inputs: inputs.filter(({ name }) => !weights.has(name)), outputs };
}

function portAt(source: ByteSource, value: Field): OnnxPort {
  const port: { name: string; dtype: string | undefined; shape: number[] | undefined } = {
    name: "",
    dtype: undefined,
    shape: undefined,
  };
  within(source, value, MOST_FIELDS, (field) => {
    if (field.field === VALUE_NAME && field.wire === DELIMITED) {
      port.name = textAt(source, field.position, field.length);
    } else if (field.field === VALUE_TYPE && field.wire === DELIMITED) {
      within(source, field, MOST_FIELDS, (type) => {
        if (type.field === TYPE_TENSOR && type.wire === DELIMITED) Object.assign(port, tensorTypeAt(source, type));
      });
    }
  });
  return port;
}

function tensorTypeAt(source: ByteSource, tensor: Field): Omit<OnnxPort, "name"> {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  within(source, tensor, MOST_FIELDS, (field) => {
    if (field.field === TENSOR_ELEMENT_TYPE && field.wire === VARINT) dtype = DTYPES[field.value];
    if (field.field === TENSOR_SHAPE && field.wire === DELIMITED) shape = shapeAt(source, field);
  });
  return { dtype, shape };
}

function shapeAt(source: ByteSource, shape: Field): number[] {
  const lengths: number[] = [];
  within(source, shape, MOST_FIELDS, (field) => {
    if (field.field !== SHAPE_DIMENSION || field.wire !== DELIMITED) return;
    let length = -1;
    within(source, field, MOST_FIELDS, (dimension) => {
      // A length of less than nothing, as some exporters write for "any", is not a safe integer here.
      if (dimension.field === DIMENSION_LENGTH && dimension.wire === VARINT && Number.isSafeInteger(dimension.value)) {
        length = dimension.value;
      }
    });
    lengths.push(length);
  });
  return lengths;
}

function nameAt(source: ByteSource, message: Field, nameField: number): string {
  let name = "";
  within(source, message, MOST_GRAPH_FIELDS, (field) => {
    if (field.field === nameField && field.wire === DELIMITED) name = textAt(source, field.position, field.length);
  });
  return name;
}

function sparseNameAt(source: ByteSource, tensor: Field): string {
  let name = "";
  within(source, tensor, MOST_FIELDS, (field) => {
    if (field.field === SPARSE_VALUES && field.wire === DELIMITED) name = nameAt(source, field, TENSOR_NAME);
  });
  return name;
}
