import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/onnx-file/byte-source.ts";
import { readExternalFiles } from "../../../src/onnx-file/external-files.ts";
import { addOnnx } from "../../support/small-models.ts";

const filesIn = (bytes: Uint8Array) => {
  const files = readExternalFiles(bytesSource(bytes));
  return files === undefined ? undefined : [...files];
};

describe("files with weights", () => {
  it("are named by the model", () => {
    expect(filesIn(addOnnx())).toEqual([]);
    expect(filesIn(addOnnx("parts/weights.bin"))).toEqual(["parts/weights.bin"]);
  });

  it("are unknown of what is no model", () => {
    expect(filesIn(new Uint8Array())).toBeUndefined();
    expect(filesIn(addOnnx().subarray(0, 60))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        filesIn(bytes);
      }),
    );
  });
});
