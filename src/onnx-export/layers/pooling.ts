import { type LayerExporter, onlyInput } from "../layer-call.ts";
import { spaceAxes, withChannelsFirst } from "./channels.ts";
import { paddingOf, passedOver } from "./padding.ts";

const pooling =
  (operator: "MaxPool" | "AveragePool"): LayerExporter =>
  (call) => {
    const { graph, config } = call;
    const x = onlyInput(call);
    const sizes: readonly number[] = config.poolSize;
    const strides: readonly number[] = config.strides;
    const dilations = sizes.map(() => 1);
    const window = { padding: config.padding, sizes, strides, dilations };
    const attributes = { kernel_shape: sizes, strides, ...paddingOf(call, window) };
    return withChannelsFirst(graph, x.name, x.shape.length, config.dataFormat, (value) =>
      graph.op(operator, [passedOver(call, window, value)], attributes),
    );
  };

const globalPooling =
  (operator: "ReduceMax" | "ReduceMean"): LayerExporter =>
  (call) => {
    const x = onlyInput(call);
    const axes = spaceAxes(x.shape.length, call.config.dataFormat);
    return call.graph.op(operator, [x.name], { axes, keepdims: 0 });
  };

export const maxPooling = pooling("MaxPool");
export const averagePooling = pooling("AveragePool");
export const globalMaxPooling = globalPooling("ReduceMax");
export const globalAveragePooling = globalPooling("ReduceMean");
