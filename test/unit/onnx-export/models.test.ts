import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { CLASSES, loadDigits } from "../../../examples/support/digits.mjs";
import { loadIrises, SPECIES } from "../../../examples/support/irises.mjs";
import { exportOnnx, type LayerCall, type LayersModel } from "../../../src/onnx-export/index.ts";
import { readOnnxHeader } from "../../../src/onnx-file/onnx-header.ts";
import { twoInputsTwoOutputs, wholeModelCases } from "../../support/onnx-cases/models.ts";
import { differenceInOnnx, LARGEST_DIFFERENCE, modelOf, runOnnx, testModels } from "../../support/onnx-equality.ts";

const { layers } = tf;
const symbolic = (value: unknown) => value as tf.SymbolicTensor;

testModels(wholeModelCases);

describe("the file", () => {
  const model = () => modelOf([null, 4], layers.dense({ units: 2, name: "head" }));
  const header = (bytes: Uint8Array) =>
    readOnnxHeader({ sizeBytes: bytes.length, read: (at, length) => bytes.subarray(at, at + length) });

  it("is of opset 17 and IR 8, and says who made it", () => {
    const options = { name: "classifier", producerName: "me", producerVersion: "1.2" };
    expect(header(exportOnnx(model(), options))).toMatchObject({
      irVersion: 8,
      opsets: new Map([["", 17]]),
      graphName: "classifier",
      producerName: "me",
      producerVersion: "1.2",
    });
    expect(header(exportOnnx(model()))).toMatchObject({ producerName: "tidemark" });
  });

  const shapes = async (options: Parameters<typeof exportOnnx>[1], given: tf.LayersModel = model()) => {
    const session = await ort.InferenceSession.create(exportOnnx(given, options), { logSeverityLevel: 3 });
    const shapesOf = (list: readonly ort.InferenceSession.ValueMetadata[]) =>
      list.map((value) => [value.name, value.isTensor && value.shape]);
    const found = { inputs: shapesOf(session.inputMetadata), outputs: shapesOf(session.outputMetadata) };
    await session.release();
    return found;
  };

  it("names inputs and outputs as the model does, and the lengths that vary", async () => {
    const given = model();
    const name = given.inputNames[0];
    const { inputs, outputs } = await shapes({}, given);
    expect(inputs).toEqual([[name, ["batch", `${name}_dim1`, 4]]]);
    expect(outputs).toEqual([["head", ["batch", expect.anything(), 2]]]);
  });

  it("needs no model that was used before", async () => {
    const fresh = tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [4], name: "first" })] });
    expect(await shapes({}, fresh)).toEqual({
      inputs: [["first_input", ["batch", 4]]],
      outputs: [["first", ["batch", 2]]],
    });
  });

  it("has the batch that was asked for, else the model's own", async () => {
    const fixed = () => {
      const input = tf.input({ batchShape: [6, 4] });
      return tf.model({ inputs: input, outputs: symbolic(layers.dense({ units: 2 }).apply(input)) });
    };
    const batchOf = async (options: Parameters<typeof exportOnnx>[1], given: tf.LayersModel) =>
      (await shapes(options, given)).outputs.map(([, shape]) => (shape as unknown[])[0]);
    expect(await batchOf({}, fixed())).toEqual([6]);
    expect(await batchOf({ batch: 2 }, fixed())).toEqual([2]);
    expect(await batchOf({ batch: "dynamic" }, fixed())).toEqual(["batch"]);
    expect(await batchOf({ batch: 5 }, model())).toEqual([5]);
  });

  it("gives every output of one layer a name", async () => {
    const given = modelOf([3, 2], layers.lstm({ units: 2, returnState: true, name: "memory" }));
    expect((await shapes({}, given)).outputs.map(([name]) => name)).toEqual(["memory", "memory_2", "memory_3"]);
  });

  it("has the weights of a layer that is used twice once", () => {
    const once = modelOf([64], layers.dense({ units: 64 }));
    const layer = layers.dense({ units: 64 });
    const input = tf.input({ shape: [64] });
    const twice = tf.model({ inputs: input, outputs: symbolic(layer.apply(layer.apply(input))) });
    expect(exportOnnx(twice).length - exportOnnx(once).length).toBeLessThan(64 * 64);
  });

  it("is the same bytes for the same model", () => {
    const given = twoInputsTwoOutputs();
    expect(exportOnnx(given)).toEqual(exportOnnx(given));
  });

  it("leaves the model and the memory of TensorFlow.js as they were", () => {
    const given = twoInputsTwoOutputs();
    const before = tf.memory().numTensors;
    exportOnnx(given);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("refused with what to do", () => {
  class Doubled extends tf.layers.Layer {
    static className = "Doubled";
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.mul(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs, 2);
    }
  }
  const refusalOf = (model: unknown, options = {}) => {
    try {
      exportOnnx(model as LayersModel, options);
    } catch (error) {
      return error;
    }
    throw new Error("it was exported");
  };
  const masked = (...after: tf.layers.Layer[]) =>
    tf.sequential({ layers: [layers.masking({ inputShape: [3, 2] }), ...after] });

  it.each<[string, () => unknown, string, string]>([
    ["a custom layer", () => modelOf([2], new Doubled({ name: "twice" })), '"twice" (Doubled)', "`layers`"],
    [
      "ConvLSTM2D",
      () => modelOf([2, 4, 4, 1], layers.convLstm2d({ filters: 1, kernelSize: 2, name: "sky" } as never)),
      '"sky" (ConvLSTM2D)',
      "TimeDistributed",
    ],
    [
      "a state that is kept",
      () =>
        tf.sequential({
          layers: [layers.lstm({ units: 2, stateful: true, batchInputShape: [1, 2, 2], name: "kept" })],
        }),
      '"kept" (LSTM)',
      "initialState",
    ],
    [
      "a mask before softmax",
      () => masked(layers.softmax({ axis: -1, name: "weights" })),
      '"weights" (Softmax)',
      "mask",
    ],
    [
      "a mask that TensorFlow.js hands to the wrong layer",
      () => masked(layers.lstm({ units: 2 }), layers.repeatVector({ n: 3 }), layers.gru({ units: 2, name: "decoder" })),
      '"decoder" (GRU)',
      "mask",
    ],
    [
      "another axis of a batch normalization",
      () => modelOf([3, 4], layers.batchNormalization({ axis: 1, name: "odd" })),
      '"odd" (BatchNormalization)',
      "permute",
    ],
    [
      "channels first in one dimension",
      () => modelOf([3, 8], layers.conv1d({ filters: 1, kernelSize: 2, dataFormat: "channelsFirst", name: "c" })),
      '"c" (Conv1D)',
      "permute",
    ],
  ])("%s", (_, model, layer, remedy) => {
    const error = refusalOf(model());
    expect(error).toMatchObject({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(layer) });
    expect((error as Error).message).toContain(remedy);
  });

  it.each<[string, unknown, object]>([
    ["no model", undefined, {}],
    ["something else", { inputs: 1 }, {}],
    ["a graph model", { inputs: [{ name: "x" }], outputs: [{ name: "y" }] }, {}],
    ["a model without layers", tf.sequential(), {}],
    ["a batch of nothing", modelOf([2], layers.reLU()), { batch: 0 }],
    ["a batch of text", modelOf([2], layers.reLU()), { batch: "many" }],
  ])("%s", (_, model, options) => {
    expect(refusalOf(model, options)).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("not where the caller knows the layer", async () => {
    const model = modelOf([3], new Doubled({}));
    const known = {
      Doubled: ({ graph, inputs: [x] }: LayerCall) => graph.op("Mul", [x?.name ?? "", graph.scalar("two", 2)]),
    };
    expect(await differenceInOnnx(model, { layers: known })).toBe(0);
  });
});

describe("trained on irises", () => {
  it("answers the same for every flower", async () => {
    const { lengths, species } = loadIrises({ seed: 3 });
    const model = tf.sequential({
      layers: [
        layers.dense({
          units: 16,
          inputShape: [4],
          activation: "relu",
          kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        }),
        layers.batchNormalization(),
        layers.dropout({ rate: 0.1, seed: 2 }),
        layers.dense({
          units: 3,
          activation: "softmax",
          kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
        }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy" });
    const x = tf.tensor2d(lengths);
    await model.fit(x, tf.oneHot(tf.tensor1d(species, "int32"), SPECIES.length), {
      epochs: 30,
      verbose: 0,
      shuffle: false,
    });
    expect(await differenceInOnnx(model, { inputs: [x], keepWeights: true })).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
    const [output] = await runOnnx(exportOnnx(model), model.inputNames, [x]);
    const guesses = tf
      .tensor(output?.data as Float32Array, [150, 3])
      .argMax(-1)
      .arraySync() as number[];
    expect(guesses.filter((guess, i) => guess === species[i]).length).toBeGreaterThan(140);
  });
});

describe("trained on handwritten digits", () => {
  it("a CNN answers the same for every image of the test", async () => {
    const { training, test } = loadDigits({ seed: 5 });
    const images = (pixels: number[][]) => tf.tensor4d(pixels.flat(), [pixels.length, 8, 8, 1]);
    const start = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
    const model = tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: "relu", ...start(1) }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: CLASSES, activation: "softmax", ...start(2) }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy" });
    const labels = tf.oneHot(tf.tensor1d(training.digits, "int32"), CLASSES);
    await model.fit(images(training.pixels), labels, { epochs: 2, batchSize: 40, verbose: 0, shuffle: false });
    const inputs = [images(test.pixels)];
    expect(await differenceInOnnx(model, { inputs, keepWeights: true })).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
    const [output] = await runOnnx(exportOnnx(model), model.inputNames, inputs);
    const guesses = tf
      .tensor(output?.data as Float32Array, [test.digits.length, CLASSES])
      .argMax(-1)
      .arraySync() as number[];
    const right = guesses.filter((guess, i) => guess === test.digits[i]).length;
    expect(right / test.digits.length).toBeGreaterThan(0.7);
  });
});
