import { type LayerExporter, onlyInput, weightConstant } from "../layer-call.ts";
import { activate } from "./activations.ts";

export const dense: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const x = onlyInput(call);
  const kernel = weightConstant(call, 0, "kernel");
  const bias = config.useBias ? weightConstant(call, 1, "bias") : undefined;
  const affine = (): string => {
    if (bias !== undefined && x.shape.length === 2) return graph.op("Gemm", [x.name, kernel, bias]);
    const product = graph.op("MatMul", [x.name, kernel]);
    return bias === undefined ? product : graph.op("Add", [product, bias]);
  };
  return activate(graph, layer, config.activation, affine());
};
