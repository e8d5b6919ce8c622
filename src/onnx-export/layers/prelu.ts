import { type LayerExporter, onlyInput, weightConstant } from "../layer-call.ts";

/** The slopes are a weight of the shape of one example, with 1 for axes that share them. */
export const prelu: LayerExporter = (call) =>
  call.graph.op("PRelu", [onlyInput(call).name, weightConstant(call, 0, "alpha")]);
