// The messages of onnx.proto, as far as they are written. Numbers are the fields' numbers there.
import { Message } from "./protobuf.ts";

/** opset 17 has LayerNormalization; IR 8 goes with it. ONNX Runtime loads both since 1.12. */
export const OPSET = 17;
export const IR_VERSION = 8;

/** What the elements of a tensor are. */
export type ElementType = "float32" | "int32" | "int64" | "bool";

/** Their numbers in TensorProto.DataType. */
export const ELEMENT_TYPES: Readonly<Record<ElementType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** A dimension: its length, the name of one that varies, or nothing known about it. */
export type Dimension = number | string | null;

/** What an attribute of an operator can be. Numbers alone are integers; real ones say so. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: Message };

export type Attributes = Readonly<Record<string, Attribute>>;

const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

export function nodeMessage(
  name: string,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes,
): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, operator);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  const typed = (type: keyof typeof ATTRIBUTE_TYPES) => message.int(20, ATTRIBUTE_TYPES[type]);
  if (typeof value === "number") return message.int(3, value) && typed("int");
  if (typeof value === "string") return message.text(4, value) && typed("string");
  if ("float" in value) return message.float(2, value.float) && typed("float");
  if ("graph" in value) return message.message(6, value.graph) && typed("graph");
  if ("floats" in value) {
    for (const item of value.floats) message.float(7, item);
    return typed("floats");
  }
  if (value.every((item) => typeof item === "string")) {
    for (const item of value) message.text(9, item);
    return typed("strings");
  }
  for (const item of value) message.int(8, item as number);
  return typed("ints");
}

/** A constant. Its bytes are not copied. */
export function tensorMessage(
  name: string,
  type: ElementType,
  values: Float32Array | Int32Array | BigInt64Array,
  shape: readonly number[],
): Message {
  const message = new Message();
  for (const length of shape) message.int(1, length);
  return message
    .int(2, ELEMENT_TYPES[type])
    .text(8, name)
    .bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** An input or output. */
export function valueMessage(name: string, type: ElementType, shape?: readonly Dimension[]): Message {
  const tensor = new Message().int(1, ELEMENT_TYPES[type]);
  if (shape !== undefined) {
    const dimensions = new Message();
    for (const dimension of shape) dimensions.message(1, dimensionMessage(dimension));
    tensor.message(2, dimensions);
  }
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function dimensionMessage(dimension: Dimension): Message {
  const message = new Message();
  if (typeof dimension === "number") return message.int(1, dimension);
  return dimension === null ? message : message.text(2, dimension);
}

export interface GraphParts {
  readonly name: string;
  readonly nodes: readonly Message[];
  readonly constants?: readonly Message[];
  readonly inputs: readonly Message[];
  readonly outputs: readonly Message[];
}

export function graphMessage({ name, nodes, constants = [], inputs, outputs }: GraphParts): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, node);
  message.text(2, name);
  for (const constant of constants) message.message(5, constant);
  for (const input of inputs) message.message(11, input);
  for (const output of outputs) message.message(12, output);
  return message;
}

export interface ModelParts {
  readonly graph: Message;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export function modelMessage({
  graph,
  producerName,
  producerVersion,
  description,
  metadata = {},
}: ModelParts): Message {
  const message = new Message().int(1, IR_VERSION).text(2, producerName).text(3, producerVersion);
  if (description !== undefined) message.text(6, description);
  message.message(7, graph).message(8, new Message().int(2, OPSET));
  for (const [key, value] of Object.entries(metadata)) message.message(14, new Message().text(1, key).text(2, value));
  return message;
}
