import type { OnnxGraph } from "../graph.ts";
import { type LayerCall, type LayerExporter, refusal, type Value } from "../layer-call.ts";
import { type Cell, cellKind, isNative, runCell } from "./recurrent-cell.ts";
import { scanCell } from "./recurrent-scan.ts";

/** SimpleRNN, LSTM, GRU, and RNN with cells of these. */
export const recurrent: LayerExporter = (call) => {
  const { graph, config } = call;
  const [x, ...initial] = call.inputs as [Value, ...Value[]];
  const { steps, states } = runLayer(call, x, initial);
  const output = config.returnSequences ? sequence(graph, steps, config.goBackwards) : (states[0] as string);
  return config.returnState ? [output, ...states] : output;
};

/** The layer over a sequence [batch, time, features]: its outputs in the order of the input, and the states at the end. */
export function runLayer(
  call: LayerCall,
  x: Value,
  initial: readonly Value[],
): { readonly steps: string; readonly states: readonly string[] } {
  const { graph, layer, config } = call;
  if (config.stateful)
    throw refusal(layer, "it keeps its states from one call to the next", "use returnState and initialState instead");
  let steps = graph.transpose(x.name, [1, 0, 2]);
  // [time, batch, 1]
  const mask = x.mask === undefined ? undefined : graph.unsqueeze(graph.transpose(x.mask, [1, 0]), [2]);
  const cells = cellsOf(call);
  // The states of cells that are stacked come in the order from the last cell to the first.
  const given = initial.map(({ name }) => name);
  const states: string[] = [];
  const initialOf = new Map([...cells].reverse().map((cell) => [cell, given.splice(0, cellKind(call, cell).states)]));
  for (const cell of cells) {
    const run = { steps, mask, initial: initialOf.get(cell) ?? [], backwards: config.goBackwards === true };
    const result = isNative(cell, run) ? runCell(call, cell, run) : scanCell(call, cell, run);
    steps = result.steps;
    states.unshift(...result.states);
  }
  return { steps, states };
}

function cellsOf({ layer, config }: LayerCall): Cell[] {
  const className = layer.getClassName();
  if (className !== "RNN") return [{ className, config, firstWeight: 0 }];
  const cells = config.cell.className === "StackedRNNCells" ? config.cell.config.cells : [config.cell];
  let firstWeight = 0;
  return cells.map((cell: Pick<Cell, "className" | "config">) => {
    const here = { ...cell, firstWeight };
    firstWeight += cell.config.useBias ? 3 : 2;
    return here;
  });
}

/** From [time, batch, units] to [batch, time, units], the last step first where that is asked for. */
export function sequence(graph: OnnxGraph, steps: string, isReversed: boolean): string {
  return graph.transpose(isReversed ? reverseTime(graph, steps) : steps, [1, 0, 2]);
}

function reverseTime(graph: OnnxGraph, steps: string): string {
  const one = (label: string, value: number | bigint) => graph.integers(label, [value]);
  return graph.op("Slice", [steps, one("starts", -1), one("ends", -(2n ** 63n)), one("axes", 0), one("steps", -1)]);
}
