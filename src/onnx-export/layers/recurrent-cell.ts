import { floatsOf, type LayerCall, refusal } from "../layer-call.ts";
import { activationName } from "./activations.ts";

/** A cell of a recurrent layer: one set of weights that is used step by step. */
export interface Cell {
  readonly className: string;
  // biome-ignore lint/suspicious/noExplicitAny: each class has options of its own
  readonly config: any;
  /** Where its weights begin among those of the layer: kernel, recurrent kernel, bias if it has one. */
  readonly firstWeight: number;
}

/** What a cell is run over. */
export interface CellRun {
  /** Values of all steps: [time, batch, features]. */
  readonly steps: string;
  /** Which steps count: [time, batch, 1], 1 or 0. The others leave the states as they are. */
  readonly mask?: string | undefined;
  /** The states before the first step: [batch, units] each. None for zeros. */
  readonly initial: readonly string[];
  /** From the last step to the first. */
  readonly backwards: boolean;
}

/** What came of it. */
export interface CellResult {
  /** Outputs of all steps, in the order of the steps whichever way they were run: [time, batch, units]. */
  readonly steps: string;
  /** The states after the last step that was run: [batch, units] each. The first is the output. */
  readonly states: readonly string[];
}

interface CellKind {
  readonly operator: "LSTM" | "GRU" | "RNN";
  /** The gates of TensorFlow.js, by their places, in the order ONNX has them. */
  readonly gates: readonly number[];
  /** Which option names the activation of each of ONNX's functions. */
  readonly functions: readonly ("activation" | "recurrentActivation")[];
  readonly states: number;
  readonly attributes?: Readonly<Record<string, number>>;
}

const CELL_KINDS: Readonly<Record<string, CellKind>> = {
  // From input, forget, cell, output.
  LSTM: {
    operator: "LSTM",
    gates: [0, 3, 1, 2],
    functions: ["recurrentActivation", "activation", "activation"],
    states: 2,
  },
  GRU: {
    operator: "GRU",
    gates: [0, 1, 2],
    functions: ["recurrentActivation", "activation"],
    states: 1,
    attributes: { linear_before_reset: 0 },
  },
  SimpleRNN: { operator: "RNN", gates: [0], functions: ["activation"], states: 1 },
};

interface ActivationFunction {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** Activations that ONNX's recurrent operators know. */
const FUNCTIONS: Readonly<Record<string, ActivationFunction>> = {
  linear: { name: "Affine", alpha: 1, beta: 0 },
  relu: { name: "Relu" },
  tanh: { name: "Tanh" },
  sigmoid: { name: "Sigmoid" },
  hardSigmoid: { name: "HardSigmoid", alpha: 0.2, beta: 0.5 },
  elu: { name: "Elu", alpha: 1 },
  softsign: { name: "Softsign" },
  softplus: { name: "Softplus" },
};

export function cellKind(call: LayerCall, { className }: Cell): CellKind {
  const name = className.replace(/Cell$/, "");
  const kind = Object.hasOwn(CELL_KINDS, name) ? CELL_KINDS[name] : undefined;
  if (kind === undefined)
    throw refusal(call.layer, `its cell is of the class ${className}`, "use LSTM, GRU or SimpleRNN cells");
  return kind;
}

/** Whether ONNX has one operator for all that a cell does. */
export function isNative({ config }: Cell, { mask }: CellRun): boolean {
  const options = [config.activation, config.recurrentActivation].filter((option) => option !== undefined);
  return mask === undefined && options.every((option) => Object.hasOwn(FUNCTIONS, activationName(option)));
}

/** Runs a cell over all steps as one operator. */
export function runCell(call: LayerCall, cell: Cell, { steps, initial, backwards }: CellRun): CellResult {
  const { graph } = call;
  const kind = cellKind(call, cell);
  const functions = kind.functions.map(
    (option) => FUNCTIONS[activationName(cell.config[option])] as ActivationFunction,
  );
  const inputs = [
    steps,
    gateRows(call, cell, kind, 0, "kernel"),
    gateRows(call, cell, kind, 1, "recurrent_kernel"),
    cell.config.useBias ? gateBias(call, cell, kind) : "",
    "",
    ...initial.map((state) => graph.unsqueeze(state, [0])),
  ];
  const [all, ...states] = graph.ops(kind.operator, inputs, 1 + kind.states, {
    hidden_size: cell.config.units,
    direction: backwards ? "reverse" : "forward",
    activations: functions.map(({ name }) => name),
    activation_alpha: { floats: functions.flatMap(({ alpha }) => alpha ?? []) },
    activation_beta: { floats: functions.flatMap(({ beta }) => beta ?? []) },
    ...kind.attributes,
  });
  return { steps: graph.squeeze(all as string, [1]), states: states.map((state) => graph.squeeze(state, [0])) };
}

/** A kernel [in, gates * units] as ONNX wants it: [1, gates * units, in], the gates in its own order. */
function gateRows(call: LayerCall, { firstWeight }: Cell, { gates }: CellKind, index: number, label: string): string {
  const { graph, layer, weights } = call;
  return graph.shared(layer, `${label}_${firstWeight}`, () => {
    const weight = weights[firstWeight + index];
    if (weight === undefined) throw refusal(layer, `it has no ${label} yet`, "build the model first: call it once");
    const [rows, columns] = weight.shape as [number, number];
    const units = columns / gates.length;
    const values = floatsOf(weight);
    const arranged = new Float32Array(values.length);
    let written = 0;
    for (const gate of gates)
      for (let column = gate * units; column < (gate + 1) * units; column++)
        for (let row = 0; row < rows; row++) arranged[written++] = values[row * columns + column] as number;
    return graph.constant(label, arranged, [1, columns, rows]);
  });
}

/** ONNX has a second bias for the recurrent kernel: zeros. */
function gateBias(call: LayerCall, { firstWeight }: Cell, { gates }: CellKind): string {
  const { graph, layer, weights } = call;
  return graph.shared(layer, `bias_${firstWeight}`, () => {
    const weight = weights[firstWeight + 2];
    if (weight === undefined) throw refusal(layer, "it has no bias yet", "build the model first: call it once");
    const values = floatsOf(weight);
    const units = values.length / gates.length;
    const arranged = new Float32Array(2 * values.length);
    for (const [i, gate] of gates.entries()) arranged.set(values.subarray(gate * units, (gate + 1) * units), i * units);
    return graph.constant("bias", arranged, [1, arranged.length]);
  });
}
