import {
  type Attributes,
  type Dimension,
  ELEMENT_TYPES,
  type ElementType,
  graphMessage,
  nodeMessage,
  tensorMessage,
  valueMessage,
} from "./onnx-messages.ts";
import type { Message } from "./protobuf.ts";

/** Values of a constant: real numbers become float32, bigints int64. */
export type ConstantValues = Float32Array | Int32Array | BigInt64Array;

const RESULT_TYPES: Readonly<Record<string, ElementType>> = {
  Equal: "bool",
  ConstantOfShape: "float32",
  Greater: "bool",
  Not: "bool",
  OneHot: "float32",
  Shape: "int64",
};

const TYPE_OF_NUMBER = new Map<unknown, ElementType>(
  Object.entries(ELEMENT_TYPES).map(([name, number]) => [number, name as ElementType]),
);

/** An ONNX graph in the making: operators in the order they run, constants, and names that occur once. */
export class OnnxGraph {
  #nodes: Message[] = [];
  readonly #constants: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #names = new Set<string>();
  readonly #types = new Map<string, ElementType>();
  readonly #shared = new Map<object, Map<string, string>>();
  /** Stands before the names of what is added: the layer that is being exported. */
  scope = "";

  /** Keeps names from being given to anything else. */
  reserve(name: string): void {
    this.#names.add(name);
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.reserve(name);
    this.#types.set(name, type);
    this.#inputs.push(valueMessage(name, type, shape));
  }

  /** Makes a value an output of the graph, under a name that was reserved. */
  output(name: string, value: string, shape: readonly Dimension[]): void {
    this.#nodes.push(nodeMessage(this.#unique("Identity"), "Identity", [value], [name], {}));
    this.#outputs.push(valueMessage(name, this.typeOf(value), shape));
  }

  /** Adds an operator with one output and answers the output's name. An input that is left out is "". */
  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(operator, inputs, 1, attributes)[0] as string;
  }

  /** Adds an operator with `count` outputs and answers their names. */
  ops(operator: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const name = this.#unique(`${this.scope}/${operator}`);
    const outputs = Array.from({ length: count }, (_, i) => this.#unique(i === 0 ? `${name}:out` : `${name}:out${i}`));
    // Most operators answer what they were given.
    const type = TYPE_OF_NUMBER.get(attributes.to) ?? RESULT_TYPES[operator] ?? this.typeOf(inputs[0] ?? "");
    for (const output of outputs) this.#types.set(output, type);
    this.#nodes.push(nodeMessage(name, operator, inputs, outputs, attributes));
    return outputs;
  }

  /** The element type of a value of this graph. */
  typeOf(name: string): ElementType {
    return this.#types.get(name) ?? "float32";
  }

  cast(value: string, type: ElementType): string {
    return this.typeOf(value) === type ? value : this.op("Cast", [value], { to: ELEMENT_TYPES[type] });
  }

  constant(label: string, values: ConstantValues, shape: readonly number[]): string {
    const name = this.#unique(`${this.scope}/${label}`);
    const type = values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "int64";
    this.#types.set(name, type);
    this.#constants.push(tensorMessage(name, type, values, shape));
    return name;
  }

  /** A float32 number. */
  scalar(label: string, value: number): string {
    return this.constant(label, Float32Array.of(value), []);
  }

  /** A list of whole numbers (shapes, axes, paddings), as operators take them. */
  integers(label: string, values: readonly (number | bigint)[]): string {
    return this.constant(label, BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** What `make` answered for this owner and label before: a layer that is used twice has its weights once. */
  shared(owner: object, label: string, make: () => string): string {
    const known = this.#shared.get(owner) ?? new Map<string, string>();
    this.#shared.set(owner, known);
    const name = known.get(label) ?? make();
    known.set(label, name);
    return name;
  }

  transpose(value: string, order: readonly number[]): string {
    return order.every((axis, i) => axis === i) ? value : this.op("Transpose", [value], { perm: order });
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.op("Reshape", [value, this.integers("shape", shape)]);
  }

  squeeze(value: string, axes: readonly number[]): string {
    return this.op("Squeeze", [value, this.integers("axes", axes)]);
  }

  unsqueeze(value: string, axes: readonly number[]): string {
    return this.op("Unsqueeze", [value, this.integers("axes", axes)]);
  }

  /**
   * A graph inside of the graph, for operators that repeat something. It sees the values around it. Its inputs, float32, get these
   * labels; `write` answers its outputs.
   */
  body(inputs: readonly string[], write: (inputs: readonly string[]) => readonly string[]): Message {
    const around = this.#nodes;
    this.#nodes = [];
    const names = inputs.map((label) => this.#unique(`${this.scope}/${label}`));
    // An output may neither be an input nor stand for two.
    const outputs = write(names).map((value) => this.op("Identity", [value]));
    const values = (list: readonly string[]) => list.map((name) => valueMessage(name, "float32"));
    const name = this.#unique(`${this.scope}/body`);
    const message = graphMessage({ name, nodes: this.#nodes, inputs: values(names), outputs: values(outputs) });
    this.#nodes = around;
    return message;
  }

  /** The graph as a message. */
  toMessage(name: string): Message {
    return graphMessage({
      name,
      nodes: this.#nodes,
      constants: this.#constants,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#names.has(name); count++) name = `${wanted}_${count}`;
    this.#names.add(name);
    return name;
  }
}
