// Writes ONNX models: opset 17 in IR 8, which every ONNX Runtime since 1.12 loads. Protobuf is simple enough to write by hand.

export const FLOAT = 1;
export const INT64 = 7;

const IR_VERSION = 8;
const OPSET = 17;

const utf8 = new TextEncoder();

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

const number = (field, value) => [...varint(field << 3), ...varint(value)];
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content];
const text = (field, value) => bytes(field, utf8.encode(value));
const float = (field, value) => [...varint((field << 3) | 5), ...new Uint8Array(Float32Array.of(value).buffer)];

function attribute(name, value) {
  if (Array.isArray(value)) return [...text(1, name), ...value.flatMap((item) => number(8, item)), ...number(20, 7)];
  if (typeof value === "object") return [...text(1, name), ...bytes(5, value.content), ...number(20, 4)];
  if (Number.isInteger(value)) return [...text(1, name), ...number(3, value), ...number(20, 2)];
  return [...text(1, name), ...float(2, value), ...number(20, 1)];
}

/** One operation: `node("Gemm", ["x", "W"], ["z"], { transA: 1 })`. */
export function node(operation, inputs, outputs, attributes = {}) {
  const fields = [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, operation),
    ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
  ];
  return { content: fields };
}

/** A constant of the model. `values` is a Float32Array or a BigInt64Array. */
export function constant(name, values, dims = []) {
  const type = values instanceof Float32Array ? FLOAT : INT64;
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    content: [...dims.flatMap((length) => number(1, length)), ...number(2, type), ...text(8, name), ...bytes(9, raw)],
  };
}

/** An input or output. A dimension is a number, or a name where it may vary: `value("x", FLOAT, ["batch", 64])`. */
export function value(name, type, dims) {
  const shape = dims.flatMap((dim) => bytes(1, typeof dim === "number" ? number(1, dim) : text(2, dim)));
  const tensor = [...number(1, type), ...bytes(2, shape)];
  return { content: [...text(1, name), ...bytes(2, bytes(1, tensor))] };
}

/** The bytes of a model. */
export function model({ name, inputs, outputs, nodes, constants = [], producer = "tidemark-examples" }) {
  const graph = [
    ...nodes.flatMap(({ content }) => bytes(1, content)),
    ...text(2, name),
    ...constants.flatMap(({ content }) => bytes(5, content)),
    ...inputs.flatMap(({ content }) => bytes(11, content)),
    ...outputs.flatMap(({ content }) => bytes(12, content)),
  ];
  const fields = [
    ...number(1, IR_VERSION),
    ...text(2, producer),
    ...text(3, "1.0"),
    ...bytes(7, graph),
    ...bytes(8, number(2, OPSET)),
  ];
  return Uint8Array.from(fields);
}
