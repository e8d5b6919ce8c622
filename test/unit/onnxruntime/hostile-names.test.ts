import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyProblem } from "../../../src/base/key-rules.ts";
import { ErrorCounts } from "../../../src/onnxruntime/error-counts.ts";
import { chosenScalars } from "../../../src/onnxruntime/scalars.ts";
import { keyOf } from "../../../src/onnxruntime/session-place.ts";
import { MAX_TAG_VALUE_LENGTH } from "../../../src/schema/limits.ts";

const anyText = fc.string({ unit: "binary", maxLength: 400 });
const namesLike = fc.string({
  unit: fc.constantFrom("a", "/", ".", ":", "_", " ", "é", "\\", "\u0000", "🎯"),
  maxLength: 300,
});

describe("names out of a model", () => {
  it("become keys that MLflow holds, alone and below a prefix", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, namesLike), namesLike, (name, prefix) => {
        expect(keyProblem(keyOf(name)), name).toBeUndefined();
        expect(keyProblem(`${keyOf(prefix)}/${keyOf(name)}`)).toBeUndefined();
      }),
    );
  });

  it("stay what they are where MLflow can hold them", () => {
    for (const name of ["loss", "onnx::loss::2", "train/top-1 accuracy", "名前"]) expect(keyOf(name)).toBe(name);
  });

  it("never fall together, nor on a name of ours", () => {
    const outputNames = ["a;b", "a,b", "a_b", "batch_size", "/x", "x"];
    const keys = chosenScalars(() => true, { inputNames: [], outputNames }).map(({ key }) => key);
    expect(keys).toEqual(["a_b", "a_b_2", "a_b_3", "batch_size_2", "x", "x_2"]);
  });
});

describe("error messages", () => {
  it("are counted, and fit into a tag whatever they say", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 60 }), (messages) => {
        const counts = new ErrorCounts();
        for (const message of messages) counts.count(new Error(message));
        const json = counts.toJson();
        expect(json.length).toBeLessThanOrEqual(MAX_TAG_VALUE_LENGTH);
        const numbers = Object.values(JSON.parse(json) as Record<string, number>);
        expect(numbers.reduce((sum, count) => sum + count, 0)).toBe(messages.length);
        expect(counts.total).toBe(messages.length);
      }),
    );
    const worst = new ErrorCounts();
    for (let i = 0; i < 40; i++) worst.count(`${i}${'"\\'.repeat(100)}`);
    expect(worst.toJson().length).toBeLessThanOrEqual(MAX_TAG_VALUE_LENGTH);
  });

  it("say no passwords", () => {
    const counts = new ErrorCounts();
    counts.count(new Error("cannot fetch https://me:secret@host/net.onnx"));
    expect(counts.toJson()).toBe('{"cannot fetch https://***@host/net.onnx":1}');
  });
});
