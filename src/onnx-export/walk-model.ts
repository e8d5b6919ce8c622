import type { OnnxGraph } from "./graph.ts";
import { type LayerExporter, refusal, type Value } from "./layer-call.ts";
import { MaskLedger, maskAfter, refuseMask } from "./masks.ts";
import { REFUSED_LAYERS } from "./refused-layers.ts";
import type { Layer, LayerNode, ModelGraph, Shape, SymbolicTensor } from "./tensorflow.ts";

/** Classes of models that are used as layers. */
const MODEL_CLASSES: ReadonlySet<string> = new Set(["Model", "Functional", "Sequential"]);

const UNKNOWN_CLASS = {
  why: "its class is not one of TensorFlow.js's that are known here",
  remedy:
    "replace it by layers of TensorFlow.js, cut the model before it, or pass a function for its class in `layers`",
};

/** Writes layers, and models made of them, into a graph. */
export class ModelWalker {
  readonly #graph: OnnxGraph;
  readonly #exporters: Readonly<Record<string, LayerExporter>>;
  readonly #masks = new MaskLedger();

  constructor(graph: OnnxGraph, exporters: Readonly<Record<string, LayerExporter>>) {
    this.#graph = graph;
    this.#exporters = exporters;
  }

  /** The outputs of a whole model for values of its inputs. */
  walk(model: ModelGraph, inputs: readonly Value[]): Value[] {
    const outputs = this.model(model, inputs);
    this.#masks.check();
    return outputs;
  }

  /** The outputs of a model for values of its inputs. */
  model(model: ModelGraph, inputs: readonly Value[]): Value[] {
    const known = new Map(model.inputs.map((tensor, i) => [tensor.id, inputs[i] as Value]));
    const batch = inputs[0]?.shape[0] ?? null;
    for (const tensor of model.outputs) this.#compute(tensor, known, batch);
    return model.outputs.map(({ id }) => known.get(id) as Value);
  }

  /** Deep models would overflow the stack, so what a tensor needs is put on a stack of our own. */
  #compute(wanted: SymbolicTensor, known: Map<number, Value>, batch: number | null): void {
    const stack = [wanted];
    for (let tensor = stack.at(-1); tensor !== undefined; tensor = stack.at(-1)) {
      if (known.has(tensor.id)) {
        stack.pop();
        continue;
      }
      const { sourceLayer: layer, nodeIndex } = tensor;
      const node = layer.inboundNodes[nodeIndex ?? 0] as LayerNode | undefined;
      if (node === undefined || node.inputTensors.includes(tensor))
        throw refusal(layer, "it is an input the model does not name", "give it to `tf.model({ inputs })`");
      const missing = node.inputTensors.filter(({ id }) => !known.has(id));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      const inputs = node.inputTensors.map(({ id }) => known.get(id) as Value);
      const shapes = node.outputTensors.map(({ shape }): Shape => [batch, ...shape.slice(1)]);
      const values = this.layer(layer, inputs, shapes);
      for (const [i, output] of node.outputTensors.entries()) known.set(output.id, values[i] as Value);
    }
  }

  /** The outputs of one use of a layer. */
  layer(layer: Layer, inputs: readonly Value[], outputShapes: readonly Shape[]): Value[] {
    const className = layer.getClassName();
    if (MODEL_CLASSES.has(className)) return this.#nested(layer, inputs);
    const write = Object.hasOwn(this.#exporters, className) ? this.#exporters[className] : undefined;
    if (write === undefined) {
      const { why, remedy } = (Object.hasOwn(REFUSED_LAYERS, className) && REFUSED_LAYERS[className]) || UNKNOWN_CLASS;
      throw refusal(layer, why, remedy);
    }
    const scope = this.#graph.scope;
    this.#graph.scope = layer.name;
    const config = layer.getConfig();
    const answer = write({
      layer,
      config,
      weights: layer.getWeights(),
      inputs,
      outputShapes,
      graph: this.#graph,
      apply: (inner, values) => this.layer(inner, values, shapesAfter(inner, values)),
    });
    const mask = maskAfter(this.#graph, layer, config, inputs);
    this.#graph.scope = scope;
    this.#masks.note(layer, inputs, mask);
    const names = typeof answer === "string" ? [answer] : answer;
    // States have no mask.
    return names.map((name, i) => ({ name, shape: outputShapes[i] as Shape, mask: i === 0 ? mask : undefined }));
  }

  #nested(layer: Layer, inputs: readonly Value[]): Value[] {
    refuseMask({ layer, inputs }, "a mask of a model inside the model");
    return this.model(layer as unknown as ModelGraph, inputs);
  }
}

function shapesAfter(layer: Layer, [input]: readonly Value[]): Shape[] {
  const shapes = layer.computeOutputShape(input?.shape);
  return Array.isArray(shapes[0]) ? shapes : [shapes];
}
