import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportOnnx } from "../../../src/onnx-export/export-onnx.ts";
import { bytesSource } from "../../../src/onnx-file/byte-source.ts";
import { readOnnxPorts } from "../../../src/onnx-file/onnx-ports.ts";
import { stepModel } from "../../support/ort-training.ts";

describe("what an ONNX file takes and gives", () => {
  it("is read with names, types and shapes", () => {
    const image = tf.input({ shape: [8, 8, 1], name: "image" });
    const words = tf.input({ shape: [5], dtype: "int32", name: "words" });
    const seen = tf.layers.flatten().apply(image) as tf.SymbolicTensor;
    const read = tf.layers.embedding({ inputDim: 10, outputDim: 3 }).apply(words) as tf.SymbolicTensor;
    const joined = tf.layers
      .concatenate()
      .apply([seen, tf.layers.flatten().apply(read) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const outputs = tf.layers.dense({ units: 2, name: "answer" }).apply(joined) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [image, words], outputs });

    expect(readOnnxPorts(bytesSource(exportOnnx(model)))).toEqual({
      inputs: [
        { name: "image", dtype: "float32", shape: [-1, 8, 8, 1] },
        { name: "words", dtype: "int32", shape: [-1, 5] },
      ],
      outputs: [{ name: "answer", dtype: "float32", shape: [-1, 2] }],
    });
  });

  it("is read of files that other programs made", () => {
    const ports = readOnnxPorts(bytesSource(stepModel()));
    expect(ports?.inputs.map(({ name }) => name)).toContain("x");
    expect(ports?.outputs.map(({ name }) => name)).toContain("loss");
  });

  it("is not guessed of what is no model", () => {
    expect(readOnnxPorts(bytesSource(new Uint8Array()))).toBeUndefined();
    expect(readOnnxPorts(bytesSource(new TextEncoder().encode("no model at all")))).toBeUndefined();
    const whole = stepModel();
    expect(readOnnxPorts(bytesSource(whole.subarray(0, whole.length - 200)))).toBeUndefined();
  });

  it("costs no exception, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readOnnxPorts(bytesSource(bytes));
        return true;
      }),
    );
  });
});
