import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageCases } from "../../support/onnx-cases/images.ts";
import { differenceInOnnx, LARGEST_DIFFERENCE, modelOf, testModels } from "../../support/onnx-equality.ts";

const { layers } = tf;

testModels(imageCases);

const window = fc.record({
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.constantFrom("same" as const, "valid" as const),
  seed: fc.nat(),
});

/** A window that fits nowhere gives no output. */
const fits = ({ height, width, size, padding }: { height: number; width: number; size: number[]; padding: string }) =>
  padding === "same" || ((size[0] as number) <= height && (size[1] as number) <= width);

describe("any window over any image", () => {
  const same = async (model: tf.LayersModel, seed: number) =>
    expect(await differenceInOnnx(model, { seed, examples: 2 })).toBeLessThanOrEqual(LARGEST_DIFFERENCE);

  test("Conv2D", () =>
    fc.assert(
      fc.asyncProperty(window.filter(fits), fc.integer({ min: 1, max: 3 }), async (w, filters) => {
        const layer = layers.conv2d({ filters, kernelSize: w.size, strides: w.strides, padding: w.padding });
        await same(modelOf([w.height, w.width, w.channels], layer), w.seed);
      }),
      { numRuns: 60 },
    ));

  test("Conv2D with a dilation", () =>
    fc.assert(
      fc.asyncProperty(
        window,
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        async (w, rate) => {
          const layer = layers.conv2d({ filters: 2, kernelSize: w.size, dilationRate: rate, padding: "same" });
          await same(modelOf([w.height, w.width, w.channels], layer), w.seed);
        },
      ),
      { numRuns: 60 },
    ));

  test("Conv2DTranspose", () =>
    fc.assert(
      fc.asyncProperty(window, async (w) => {
        const layer = layers.conv2dTranspose({
          filters: 2,
          kernelSize: w.size,
          strides: w.strides,
          padding: w.padding,
        });
        await same(modelOf([w.height, w.width, w.channels], layer), w.seed);
      }),
      { numRuns: 60 },
    ));

  test("MaxPooling2D and AveragePooling2D", () =>
    fc.assert(
      fc.asyncProperty(window.filter(fits), async (w) => {
        const options = { poolSize: w.size, strides: w.strides, padding: w.padding };
        await same(modelOf([w.height, w.width, w.channels], layers.maxPooling2d(options)), w.seed);
        await same(modelOf([w.height, w.width, w.channels], layers.averagePooling2d(options)), w.seed);
      }),
      { numRuns: 60 },
    ));
});
