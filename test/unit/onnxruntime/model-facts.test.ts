import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { modelFacts } from "../../../src/onnxruntime/model-facts.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { stepModel } from "../../support/ort-training.ts";

const MIB = 1 << 20;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A model with so many bytes in a field that nobody knows. */
function modelOf(bytes: number): Uint8Array {
  const head = stepModel();
  const length = [0, 7, 14, 21].map((shift) => ((bytes >>> shift) & 127) | (shift < 21 ? 128 : 0));
  const model = new Uint8Array(head.length + 6 + bytes);
  model.set([...head, 0x92, 0x06, ...length]);
  return model;
}

describe("what is known of a model", () => {
  it("of any size is the same from a file, its URL and its bytes", async () => {
    for (const mebibytes of [1, 17]) {
      const bytes = modelOf(mebibytes * MIB);
      const path = join(temporaryDirectory(), "große Datei.onnx");
      writeFileSync(path, bytes);
      for (const model of [path, pathToFileURL(path).href, bytes, bytes.buffer]) {
        const { digest, sizeBytes, header } = modelFacts([model], true);
        // Large ones are not waited for.
        expect(typeof digest).toBe(mebibytes === 1 ? "string" : "object");
        expect(await digest).toBe(sha256(bytes));
        expect(sizeBytes).toBe(bytes.length);
        expect(header?.graphName).toBe("mlp-sgd-step");
      }
    }
  });

  it("is of the bytes as they were when they were handed over", async () => {
    const bytes = modelOf(17 * MIB);
    const expected = sha256(bytes);
    const { digest } = modelFacts([bytes], true);
    bytes.fill(0);
    expect(await digest).toBe(expected);
  });

  it("in shared memory is read as anywhere else", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(stepModel().length));
    shared.set(stepModel());
    expect(modelFacts([shared.buffer], true)).toEqual(modelFacts([stepModel()], true));
  });

  it("is without a hash where none is wanted", () => {
    expect(modelFacts([stepModel()], false).digest).toBeUndefined();
  });

  it("of a URL is its name, without what may be secret", () => {
    expect(modelFacts(["https://host/models/net.v2.onnx?token=secret#x"], true)).toEqual({ name: "net.v2" });
  });

  it("of what is not there, or no model, is little; it is never an error", () => {
    expect(modelFacts(["/nowhere/net.onnx"], true)).toEqual({ name: "net" });
    expect(modelFacts([temporaryDirectory()], true)).toHaveProperty("name");
    expect(modelFacts([new Uint8Array([1, 2, 3])], true)).toMatchObject({ sizeBytes: 3, digest: expect.any(String) });
    for (const nonsense of [[], [undefined], [null], [5], [{}]]) expect(modelFacts(nonsense, true)).toEqual({});
  });
});
