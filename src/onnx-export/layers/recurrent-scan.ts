import { type LayerCall, weightConstant } from "../layer-call.ts";
import { activate } from "./activations.ts";
import { type Cell, type CellResult, type CellRun, cellKind } from "./recurrent-cell.ts";

/** Runs a cell step by step, in a Scan: for masks, and for activations that ONNX's recurrent operators do not have. */
export function scanCell(call: LayerCall, cell: Cell, { steps, mask, initial, backwards }: CellRun): CellResult {
  const { graph } = call;
  const { states: count } = cellKind(call, cell);
  const weights = cellWeights(call, cell);
  const labels = [
    ...Array.from({ length: count }, (_, i) => `state_${i}`),
    "step",
    ...(mask === undefined ? [] : ["mask"]),
  ];
  const body = graph.body(labels, (names) => {
    const before = names.slice(0, count);
    const [step, stepMask] = names.slice(count) as [string, string?];
    const after = nextStates(call, cell, weights, step, before);
    const kept = after.map((state, i) =>
      stepMask === undefined ? state : keep(call, state, before[i] as string, stepMask),
    );
    return [...kept, kept[0] as string];
  });
  const scanned = mask === undefined ? [steps] : [steps, mask];
  const direction = backwards ? 1 : 0;
  const start = initial.length > 0 ? initial : new Array<string>(count).fill(zeroStates(call, cell, steps));
  const outputs = graph.ops("Scan", [...start, ...scanned], count + 1, {
    body: { graph: body },
    num_scan_inputs: scanned.length,
    scan_input_directions: scanned.map(() => direction),
    // So that outputs stand where their steps do.
    scan_output_directions: [direction],
  });
  return { steps: outputs[count] as string, states: outputs.slice(0, count) };
}

interface CellWeights {
  readonly kernel: string;
  readonly recurrent: string;
  readonly bias: string | undefined;
}

function cellWeights(call: LayerCall, { config, firstWeight }: Cell): CellWeights {
  const weight = (index: number, label: string) =>
    weightConstant(call, firstWeight + index, `${label}${firstWeight || ""}`);
  return {
    kernel: weight(0, "kernel"),
    recurrent: weight(1, "recurrent_kernel"),
    bias: config.useBias ? weight(2, "bias") : undefined,
  };
}

/** Zeros for as many examples as there are. */
function zeroStates({ graph }: LayerCall, { config }: Cell, steps: string): string {
  const [one, two] = [graph.integers("starts", [1]), graph.integers("ends", [2])];
  const batch = graph.op("Slice", [graph.op("Shape", [steps]), one, two]);
  return graph.op("ConstantOfShape", [
    graph.op("Concat", [batch, graph.integers("units", [config.units])], { axis: 0 }),
  ]);
}

function nextStates(
  call: LayerCall,
  cell: Cell,
  weights: CellWeights,
  step: string,
  states: readonly string[],
): string[] {
  const { graph, layer } = call;
  const { units } = cell.config;
  const { kernel, recurrent, bias } = weights;
  const op = (operator: string, ...inputs: string[]) => graph.op(operator, inputs);
  const act = (x: string) => activate(graph, layer, cell.config.activation, x);
  const gate = (x: string) => activate(graph, layer, cell.config.recurrentActivation, x);
  const split = (x: string, sizes: readonly number[]) =>
    graph.ops("Split", [x, graph.integers("sizes", sizes)], sizes.length, { axis: -1 });
  const biased = (x: string) => (bias === undefined ? x : op("Add", x, bias));
  const [h, c] = states as [string, string];
  const fromStep = op("MatMul", step, kernel);
  switch (cellKind(call, cell).operator) {
    case "RNN":
      return [act(op("Add", biased(fromStep), op("MatMul", h, recurrent)))];
    case "GRU": {
      const [gatesOfStep, newOfStep] = split(biased(fromStep), [2 * units, units]) as [string, string];
      const [gateKernel, newKernel] = split(recurrent, [2 * units, units]) as [string, string];
      const gates = op("Add", gatesOfStep, op("MatMul", h, gateKernel));
      const [update, reset] = split(gates, [units, units]).map(gate) as [string, string];
      const fresh = act(op("Add", newOfStep, op("MatMul", op("Mul", reset, h), newKernel)));
      return [keep(call, h, fresh, update)];
    }
    case "LSTM": {
      const all = biased(op("Add", fromStep, op("MatMul", h, recurrent)));
      const [input, forget, cellValue, output] = split(all, [units, units, units, units]) as [
        string,
        string,
        string,
        string,
      ];
      const carried = op("Add", op("Mul", gate(forget), c), op("Mul", gate(input), act(cellValue)));
      return [op("Mul", gate(output), act(carried)), carried];
    }
  }
}

/** `value` where the share is 1, `other` where it is 0, and what is between. */
function keep({ graph }: LayerCall, value: string, other: string, share: string): string {
  const rest = graph.op("Sub", [graph.scalar("one", 1), share]);
  return graph.op("Add", [graph.op("Mul", [value, share]), graph.op("Mul", [other, rest])]);
}
