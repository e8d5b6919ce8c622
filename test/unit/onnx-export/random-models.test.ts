import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../../../src/onnx-export/layers/activations.ts";
import { differenceInOnnx, LARGEST_DIFFERENCE, modelOf } from "../../support/onnx-equality.ts";

const { layers } = tf;

const upTo = (max: number, min = 1) => fc.integer({ min, max });
const activation = fc.constantFrom(...(Object.keys(ACTIVATIONS) as "relu"[]));
const padding = fc.constantFrom("same" as const, "valid" as const);
const dataFormat = fc.constantFrom("channelsFirst" as const, "channelsLast" as const);
const seeds = fc.nat({ max: 1_000_000 });
const RUNS = 40;

/** Every model is the same in ONNX. Where one is not, fast-check says the seed and the smallest of its kind. */
function sameInOnnx<T>(models: fc.Arbitrary<T>, build: (options: T) => tf.LayersModel): Promise<void> {
  // Of some outputs, one at least is not a small difference of large numbers, all of whose digits are rounding.
  const property = fc.asyncProperty(models, seeds, upTo(6, 4), async (options, seed, examples) => {
    const model = build(options);
    try {
      expect(await differenceInOnnx(model, { seed, examples })).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
    } finally {
      model.dispose();
    }
  });
  return fc.assert(property, { numRuns: RUNS });
}

/** Lengths of the axes in the order that the format asks for. */
const ordered = (format: string, channels: number, ...lengths: number[]) =>
  format === "channelsFirst" ? [channels, ...lengths] : [...lengths, channels];

const sides = (max: number) => fc.tuple(fc.tuple(upTo(max, 0), upTo(max, 0)), fc.tuple(upTo(max, 0), upTo(max, 0)));

describe("convolutions of any shape", () => {
  test("Conv1D", () =>
    sameInOnnx(
      fc
        .record({
          length: upTo(12),
          channels: upTo(4),
          filters: upTo(4),
          kernelSize: upTo(4),
          stride: upTo(3),
          rate: upTo(3),
          padding,
          activation,
          useBias: fc.boolean(),
          isLengthKnown: fc.boolean(),
        })
        .map((o) => ({ ...o, ...(o.stride > 1 ? { rate: 1 } : {}) }))
        // A model of any length is run with 5, and refused where strides are wider than windows.
        .filter((o) => o.isLengthKnown || o.padding === "valid" || o.kernelSize >= o.stride)
        .filter((o) => o.padding === "same" || (o.kernelSize - 1) * o.rate + 1 <= (o.isLengthKnown ? o.length : 5)),
      ({ length, channels, isLengthKnown, stride, rate, ...options }) =>
        modelOf(
          [isLengthKnown ? length : null, channels],
          layers.conv1d({ ...options, strides: stride, dilationRate: rate }),
        ),
    ));

  test("Conv2D", () =>
    sameInOnnx(
      fc
        .record({
          height: upTo(8),
          width: upTo(8),
          channels: upTo(3),
          filters: upTo(3),
          kernelSize: fc.tuple(upTo(3), upTo(3)),
          strides: fc.tuple(upTo(3), upTo(3)),
          padding,
          activation,
          useBias: fc.boolean(),
          dataFormat,
        })
        .filter((o) => o.padding === "same" || (o.kernelSize[0] <= o.height && o.kernelSize[1] <= o.width)),
      ({ height, width, channels, ...options }) =>
        modelOf(ordered(options.dataFormat, channels, height, width), layers.conv2d(options)),
    ));

  test("DepthwiseConv2D and SeparableConv2D", () =>
    sameInOnnx(
      fc
        .record({
          height: upTo(7),
          width: upTo(7),
          channels: upTo(3),
          size: upTo(3),
          stride: upTo(2),
          depthMultiplier: upTo(3),
          filters: upTo(3),
          padding,
          isSeparable: fc.boolean(),
        })
        .filter((o) => o.padding === "same" || o.size <= Math.min(o.height, o.width)),
      ({ height, width, channels, size, stride, filters, isSeparable, ...options }) => {
        const window = { ...options, kernelSize: size, strides: stride };
        const layer = isSeparable
          ? layers.separableConv2d({ ...window, filters })
          : layers.depthwiseConv2d({ ...window, kernelSize: [size, size] });
        return modelOf([height, width, channels], layer);
      },
    ));

  test("Conv3D", () =>
    sameInOnnx(
      fc
        .record({
          lengths: fc.tuple(upTo(4), upTo(4), upTo(4)),
          channels: upTo(2),
          filters: upTo(2),
          kernelSize: fc.tuple(upTo(3), upTo(3), upTo(3)),
          stride: upTo(2),
          padding,
        })
        .filter((o) => o.padding === "same" || o.kernelSize.every((size, axis) => size <= (o.lengths[axis] ?? 0))),
      ({ lengths, channels, stride, ...options }) =>
        modelOf([...lengths, channels], layers.conv3d({ ...options, strides: [stride, stride, stride] })),
    ));
});

describe("transposed convolutions of any shape", () => {
  test("Conv3DTranspose", () =>
    sameInOnnx(
      fc.record({
        lengths: fc.tuple(upTo(3), upTo(3), upTo(3)),
        channels: upTo(2),
        filters: upTo(2),
        kernelSize: fc.tuple(upTo(3), upTo(3), upTo(3)),
        strides: fc.tuple(upTo(3), upTo(3), upTo(3)),
        padding,
        useBias: fc.boolean(),
      }),
      ({ lengths, channels, ...options }) => modelOf([...lengths, channels], layers.conv3dTranspose(options)),
    ));
});

describe("windows of any shape", () => {
  const kinds = {
    MaxPooling: [layers.maxPooling1d, layers.maxPooling2d, layers.maxPooling3d],
    AveragePooling: [layers.averagePooling1d, layers.averagePooling2d, layers.averagePooling3d],
  } as const;

  test.each(Object.entries(kinds))("%s of one, two and three dimensions", (_, [one, two, three]) =>
    sameInOnnx(
      fc
        .record({
          lengths: fc.array(upTo(6), { minLength: 1, maxLength: 3 }),
          channels: upTo(3),
          poolSize: upTo(4),
          strides: upTo(3),
          padding,
        })
        .filter((o) => o.padding === "same" || o.poolSize <= Math.min(...o.lengths)),
      ({ lengths, channels, poolSize, strides, padding }) => {
        const options = { poolSize, strides, padding };
        const layer = [one(options), two(options), three(options as never)][lengths.length - 1] as tf.layers.Layer;
        return modelOf([...lengths, channels], layer);
      },
    ),
  );

  test("ZeroPadding2D and Cropping2D", () =>
    sameInOnnx(
      fc.record({
        height: upTo(4, 0),
        width: upTo(4, 0),
        channels: upTo(3),
        by: sides(3),
        dataFormat,
        isPadded: fc.boolean(),
      }),
      ({ height, width, channels, by, dataFormat, isPadded }) => {
        // Something of each side is left.
        const lengths = [height + 1 + by[0][0] + by[0][1], width + 1 + by[1][0] + by[1][1]];
        const layer = isPadded
          ? layers.zeroPadding2d({ padding: by, dataFormat })
          : layers.cropping2D({ cropping: by, dataFormat });
        return modelOf(ordered(dataFormat, channels, ...lengths), layer);
      },
    ));

  test("UpSampling2D", () =>
    sameInOnnx(
      fc.record({
        height: upTo(4),
        width: upTo(4),
        channels: upTo(3),
        size: fc.tuple(upTo(3), upTo(3)),
        interpolation: fc.constantFrom("nearest" as const, "bilinear" as const),
      }),
      ({ height, width, channels, ...options }) => modelOf([height, width, channels], layers.upSampling2d(options)),
    ));
});

describe("sequences of any shape", () => {
  const KINDS = { simpleRNN: layers.simpleRNN, lstm: layers.lstm, gru: layers.gru };
  // Others grow from step to step, and with them what rounding makes of sums.
  const bounded = fc.constantFrom("tanh" as const, "sigmoid" as const, "hardSigmoid" as const, "softsign" as const);
  const recurrent = fc.record({
    kind: fc.constantFrom(...(Object.keys(KINDS) as (keyof typeof KINDS)[])),
    units: upTo(5, 2),
    activation: bounded,
    recurrentActivation: bounded,
    useBias: fc.boolean(),
    returnSequences: fc.boolean(),
    goBackwards: fc.boolean(),
  });
  const makeLayer = ({ kind, ...options }: typeof recurrent extends fc.Arbitrary<infer T> ? T : never) =>
    KINDS[kind](options as never) as tf.layers.RNN;

  test("SimpleRNN, LSTM and GRU", () =>
    sameInOnnx(
      fc.record({ length: upTo(6), features: upTo(4, 2), options: recurrent, isLengthKnown: fc.boolean() }),
      ({ length, features, options, isLengthKnown }) =>
        modelOf([isLengthKnown ? length : null, features], makeLayer(options)),
    ));

  test("one after the other, in both directions", () =>
    sameInOnnx(
      fc.record({
        length: upTo(5),
        features: upTo(4, 2),
        first: recurrent,
        second: recurrent,
        // Products may be so small that nothing but rounding is left of them.
        mergeMode: fc.constantFrom("concat" as const, "sum" as const, "ave" as const),
      }),
      ({ length, features, first, second, mergeMode }) => {
        const input = tf.input({ shape: [length, features] });
        const layer = makeLayer({ ...first, returnSequences: true });
        const both = layers.bidirectional({ layer, mergeMode }).apply(input) as tf.SymbolicTensor;
        return tf.model({ inputs: input, outputs: makeLayer(second).apply(both) as tf.SymbolicTensor });
      },
    ));
});

describe("networks of any shape", () => {
  test("Dense layers, normalized or not", () =>
    sameInOnnx(
      fc.record({
        shape: fc.array(upTo(5), { minLength: 1, maxLength: 3 }),
        stack: fc.array(
          fc.record({
            units: upTo(6, 2),
            activation,
            useBias: fc.boolean(),
            normalize: fc.constantFrom("no", "batch", "layer"),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      ({ shape, stack }) => {
        const input = tf.input({ shape });
        let x: tf.SymbolicTensor = input;
        const add = (layer: tf.layers.Layer) => {
          x = layer.apply(x) as tf.SymbolicTensor;
        };
        for (const { normalize, ...options } of stack) {
          add(layers.dense(options));
          if (normalize === "batch") add(layers.batchNormalization());
          // Of one number it makes 0 by dividing what rounding leaves of it.
          if (normalize === "layer" && options.units > 2) add(layers.layerNormalization({ epsilon: 0.01 }));
        }
        // Without an activation that makes most of its numbers 0, and all of them small.
        add(layers.dense({ units: 3 }));
        return tf.model({ inputs: input, outputs: x });
      },
    ));

  test("branches that are merged", () => {
    const MERGES = {
      add: () => layers.add(),
      multiply: () => layers.multiply(),
      average: () => layers.average(),
      maximum: () => layers.maximum(),
      minimum: () => layers.minimum(),
      concatenate: () => layers.concatenate(),
    };
    return sameInOnnx(
      fc.record({
        shape: fc.array(upTo(4), { minLength: 1, maxLength: 3 }),
        branches: fc.array(activation, { minLength: 2, maxLength: 4 }),
        merge: fc.constantFrom(...(Object.keys(MERGES) as (keyof typeof MERGES)[])),
        isBroadcast: fc.boolean(),
      }),
      ({ shape, branches, merge, isBroadcast }) => {
        const input = tf.input({ shape });
        const units = shape.at(-1) as number;
        const outputs = branches.map((activation, index) => {
          // One branch of a single feature is repeated for all of them.
          const isSingle = isBroadcast && index === 1 && merge !== "concatenate";
          return layers.dense({ units: isSingle ? 1 : units, activation }).apply(input) as tf.SymbolicTensor;
        });
        return tf.model({ inputs: input, outputs: MERGES[merge]().apply(outputs) as tf.SymbolicTensor });
      },
    );
  });
});
