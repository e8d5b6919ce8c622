import { type LayerExporter, onlyInput, refusal } from "../layer-call.ts";

/** Rows of category numbers to counts, or to whether a category is there. */
export const categoryEncoding: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const { name, shape } = onlyInput(call);
  // How long the rows are is not to be trusted: TensorFlow.js writes the number of categories into the shape of its input.
  if (shape.length !== 2) throw refusal(layer, `it encodes inputs of ${shape.length} axes`, "give it rows of numbers");
  if (!["oneHot", "multiHot", "count"].includes(config.outputMode))
    throw refusal(layer, `its output mode is ${config.outputMode}`, "use oneHot, multiHot or count");
  const categories = graph.cast(graph.cast(name, "int32"), "int64");
  const values = graph.constant("off_on", Float32Array.of(0, 1), [2]);
  const oneHot = graph.op("OneHot", [categories, graph.integers("categories", [config.numTokens]), values]);
  if (config.outputMode !== "count") return graph.op("ReduceMax", [oneHot], { axes: [1], keepdims: 0 });
  return graph.op("ReduceSum", [oneHot, graph.integers("axes", [1])], { keepdims: 0 });
};

export const rescaling: LayerExporter = (call) => {
  const { graph, config } = call;
  const x = graph.cast(onlyInput(call).name, "float32");
  return graph.op("Add", [
    graph.op("Mul", [x, graph.scalar("scale", config.scale)]),
    graph.scalar("offset", config.offset),
  ]);
};
