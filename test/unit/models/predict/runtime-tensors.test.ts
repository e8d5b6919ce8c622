import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputPlan } from "../../../../src/models/predict/input-plan.ts";
import { OutputPlan } from "../../../../src/models/predict/output-plan.ts";
import type { TensorMap } from "../../../../src/models/predict/ports.ts";
import type { PredictInput } from "../../../../src/models/predict/predict-types.ts";
import { exportOnnx } from "../../../../src/onnx-export/index.ts";

tf.enableProdMode();

const model = tf.sequential({
  layers: [tf.layers.dense({ inputShape: [4], units: 3, activation: "softmax", kernelInitializer: "heNormal" })],
});
let session: ort.InferenceSession;

beforeAll(async () => {
  session = await ort.InferenceSession.create(exportOnnx(model), { logSeverityLevel: 3, intraOpNumThreads: 1 });
});
afterAll(async () => {
  await session.release();
  model.dispose();
});

async function predict(input: PredictInput) {
  const [input0, output0] = [session.inputNames[0] as string, session.outputNames[0] as string];
  const { tensors, form } = new InputPlan(undefined, [{ name: input0, dtype: "float32", shape: [-1, 4] }]).encode(
    input,
  );
  const { data, dims } = tensors[input0] as { data: Float32Array; dims: readonly number[] };
  const answer = await session.run({ [input0]: new ort.Tensor("float32", data, dims) });
  const outputs = new OutputPlan(undefined, [{ name: output0, dtype: "float32", shape: [-1, 3] }]);
  return outputs.decode(answer as unknown as TensorMap, form);
}

describe("the runtimes' own tensors", () => {
  const values = Float32Array.of(0.1, -0.2, 0.3, 0.4, 1, 2, 3, 4);
  const expected = () => tf.tidy(() => (model.predict(tf.tensor2d(values, [2, 4])) as tf.Tensor).dataSync());

  it("go in, and what comes out is what TensorFlow.js says", async () => {
    const tensor = tf.tensor2d(values, [2, 4]);
    const inputs: PredictInput[] = [tensor, new ort.Tensor("float32", values, [2, 4])];
    for (const input of inputs) {
      const { data, dims } = (await predict(input)) as { data: Float32Array; dims: readonly number[] };
      expect(dims).toEqual([2, 3]);
      for (const [index, value] of expected().entries()) expect(data[index]).toBeCloseTo(value, 6);
    }
    const rows = (await predict([{ x: [...values.subarray(0, 4)] }, { x: values.subarray(4) }])) as {
      [name: string]: number[];
    }[];
    const lists = rows.flatMap((row) => Object.values(row)[0] as number[]);
    for (const [index, value] of expected().entries()) expect(lists[index]).toBeCloseTo(value, 6);
    tensor.dispose();
  });

  it("of ONNX Runtime go in as they are where they are right", () => {
    const plan = new InputPlan(undefined, [{ name: "x", dtype: "float32", shape: [-1, 4] }]);
    const tensor = new ort.Tensor("float32", values, [2, 4]);
    expect(plan.encode(tensor as PredictInput).tensors.x).toBe(tensor);
    const ids = new ort.Tensor("int64", BigInt64Array.of(1n, 2n, 3n, 4n), [1, 4]);
    expect(plan.encode(ids as PredictInput).tensors.x).toEqual({ data: Float32Array.of(1, 2, 3, 4), dims: [1, 4] });
  });

  it("of any type are read", () => {
    const encode = (dtype: string, input: unknown) =>
      new InputPlan(undefined, [{ name: "x", dtype, shape: [-1] }]).encode(input as PredictInput).tensors.x?.data;
    const [bool, int, text] = [tf.tensor1d([true, false], "bool"), tf.tensor1d([1, 2], "int32"), tf.tensor1d(["a"])];
    expect(encode("bool", bool)).toEqual(Uint8Array.of(1, 0));
    expect(encode("int64", int)).toEqual(BigInt64Array.of(1n, 2n));
    expect(encode("str", text)).toEqual(["a"]);
    tf.dispose([bool, int, text]);
    expect(() => encode("int64", int)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining("disposed") }),
    );
    expect(encode("bool", new ort.Tensor("bool", [true, false]))).toEqual(Uint8Array.of(1, 0));
    expect(encode("str", new ort.Tensor(["a", "b"], [2]))).toEqual(["a", "b"]);
    expect(encode("float16", new ort.Tensor("float16", Uint16Array.of(0x3c00), [1]))).toEqual(Uint16Array.of(0x3c00));
    expect(encode("float32", new ort.Tensor("float16", Uint16Array.of(0x3c00), [1]))).toEqual(Float32Array.of(1));
    expect(encode("float32", new ort.Tensor("uint16", Uint16Array.of(5), [1]))).toEqual(Float32Array.of(5));
  });
});
