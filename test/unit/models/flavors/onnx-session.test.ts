import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { sessionPredictor } from "../../../../src/models/flavors/onnx-session.ts";
import type { OrtNamespace, OrtSession } from "../../../../src/models/runtimes.ts";

const runtime = ort as unknown as OrtNamespace;
const context = { params: {} };

/** A session that answers what a test wants. */
const session = (parts: Partial<OrtSession>): OrtSession => ({
  inputNames: ["x"],
  outputNames: ["y"],
  run: () => Promise.reject(new Error("not asked for")),
  ...parts,
});

describe("a session as a predictor", () => {
  it("has the names and types of NumPy", () => {
    const { ports } = sessionPredictor(
      runtime,
      session({
        inputMetadata: [{ name: "x", isTensor: true, type: "string", shape: ["batch", -1, 3] }],
        outputMetadata: [{ name: "y", isTensor: false }],
      }),
      () => undefined,
    );
    expect(ports).toEqual({
      inputs: [{ name: "x", dtype: "str", shape: [-1, -1, 3] }],
      outputs: [{ name: "y", dtype: "object", shape: undefined }],
    });
  });

  it("asks the file where the runtime says nothing", () => {
    const ports = { inputs: [{ name: "x", dtype: "float32", shape: [-1] }], outputs: [] };
    expect(sessionPredictor(runtime, session({}), () => ports).ports).toBe(ports);
    expect(() => sessionPredictor(runtime, session({}), () => undefined)).toThrow(
      expect.objectContaining({ code: "NOT_IMPLEMENTED" }),
    );
  });

  it("makes tensors of what is none, and hands the others on", async () => {
    const fed: Readonly<Record<string, unknown>>[] = [];
    const metadata = ["x", "on"].map((name) => ({
      name,
      isTensor: true,
      type: name === "on" ? "bool" : "float32",
      shape: [1],
    }));
    const run = async (feeds: Readonly<Record<string, unknown>>) => {
      fed.push(feeds);
      return {};
    };
    const predictor = sessionPredictor(
      runtime,
      session({ inputMetadata: metadata, outputMetadata: [], run }),
      () => undefined,
    );
    const x = new ort.Tensor("float32", Float32Array.of(1), [1]);
    await predictor.run({ x: x as never, on: { data: Uint8Array.of(1), dims: [1] } }, context);
    expect(fed[0]?.x).toBe(x);
    expect(fed[0]?.on).toMatchObject({ type: "bool", dims: [1] });
  });

  it("brings answers here that are on another device", async () => {
    const released: (boolean | undefined)[] = [];
    const getData = async (release?: boolean) => {
      released.push(release);
      return Float32Array.of(3);
    };
    const onGpu = { dims: [1], type: "float32", location: "gpu-buffer", data: undefined, getData };
    const here = { dims: [1], type: "float32", location: "cpu", data: Float32Array.of(4) };
    const predictor = sessionPredictor(
      runtime,
      session({ inputMetadata: [], outputMetadata: [], run: async () => ({ here, onGpu }) }),
      () => undefined,
    );
    expect(await predictor.run({}, context)).toEqual({
      here: { data: Float32Array.of(4), dims: [1] },
      onGpu: { data: Float32Array.of(3), dims: [1] },
    });
    expect(released).toEqual([true]);
  });
});
