import { type LayerExporter, onlyInput, weightConstant } from "../layer-call.ts";

export const embedding: LayerExporter = (call) => {
  const { graph } = call;
  // TensorFlow.js takes the indices as float32 too, and cuts off what is behind the point.
  const indices = graph.cast(onlyInput(call).name, "int32");
  return graph.op("Gather", [weightConstant(call, 0, "embeddings"), indices], { axis: 0 });
};
