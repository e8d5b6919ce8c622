import { type LayerExporter, onlyInput } from "../layer-call.ts";
import { spaceAxes, withChannelsFirst } from "./channels.ts";

type Pairs = readonly [readonly [number, number], readonly [number, number]];

export const zeroPadding: LayerExporter = (call) => {
  const { graph, config } = call;
  const [rows, columns]: Pairs = config.padding;
  const pads = (side: 0 | 1) =>
    config.dataFormat === "channelsFirst" ? [0, 0, rows[side], columns[side]] : [0, rows[side], columns[side], 0];
  return graph.op("Pad", [onlyInput(call).name, graph.integers("pads", [...pads(0), ...pads(1)])]);
};

/** As an end of Slice: as far as there is anything. */
const TO_THE_END = 2n ** 63n - 1n;

export const cropping: LayerExporter = (call) => {
  const { graph, config } = call;
  const { name, shape } = onlyInput(call);
  const [rows, columns]: Pairs = config.cropping;
  return graph.op("Slice", [
    name,
    graph.integers("starts", [rows[0], columns[0]]),
    graph.integers(
      "ends",
      [rows[1], columns[1]].map((cut) => (cut === 0 ? TO_THE_END : -cut)),
    ),
    graph.integers("axes", spaceAxes(shape.length, config.dataFormat)),
  ]);
};

export const upSampling: LayerExporter = (call) => {
  const { graph, config } = call;
  const { name, shape } = onlyInput(call);
  const scales = Float32Array.of(1, 1, config.size[0], config.size[1]);
  // A pixel is where its upper left corner is.
  const attributes = {
    coordinate_transformation_mode: "asymmetric",
    ...(config.interpolation === "nearest" ? { mode: "nearest", nearest_mode: "floor" } : { mode: "linear" }),
  };
  return withChannelsFirst(graph, name, shape.length, config.dataFormat, (value) =>
    graph.op("Resize", [value, "", graph.constant("scales", scales, [4])], attributes),
  );
};
