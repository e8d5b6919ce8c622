import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteSource } from "../../../src/onnx-file/byte-source.ts";
import { readOnnxHeader } from "../../../src/onnx-file/onnx-header.ts";
import { stepModel, untrainedModel } from "../../support/ort-training.ts";

/** Bytes, and how many of them were asked for. */
function sourceOf(bytes: Uint8Array): ByteSource & { readBytes: number } {
  return {
    sizeBytes: bytes.length,
    readBytes: 0,
    read(position, length) {
      const part = bytes.subarray(position, position + length);
      this.readBytes += part.length;
      return part;
    },
  };
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const delimited = (field: number, content: readonly number[]) => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (value: string) => [...new TextEncoder().encode(value)];
const opset = (domain: string, version: number) =>
  delimited(8, [...delimited(1, text(domain)), ...varint(16), ...varint(version)]);
const GRAPH = delimited(7, delimited(2, text("g")));
const headerOf = (...fields: number[][]) => readOnnxHeader(sourceOf(Uint8Array.from(fields.flat())));

describe("the head of an ONNX file", () => {
  it("says who made the model, and what it needs", () => {
    expect(readOnnxHeader(sourceOf(stepModel()))).toEqual({
      irVersion: 8,
      producerName: "tidemark-examples",
      producerVersion: "1.0",
      opsets: new Map([["", 17]]),
      graphName: "mlp-sgd-step",
    });
  });

  it("has operator sets by domain, wherever they stand", () => {
    const header = headerOf(opset("ai.onnx", 13), GRAPH, opset("com.microsoft", 1), opset("ai.onnx.ml", 300));
    expect(header?.opsets).toEqual(
      new Map([
        ["", 13],
        ["com.microsoft", 1],
        ["ai.onnx.ml", 300],
      ]),
    );
  });

  it("steps over what it does not know, in every form that protobuf has", () => {
    const fixed64 = [...varint(100 * 8 + 1), 1, 2, 3, 4, 5, 6, 7, 8];
    const fixed32 = [...varint(101 * 8 + 5), 1, 2, 3, 4];
    expect(headerOf(fixed64, fixed32, delimited(99, text("x")), [40, 3], GRAPH)).toMatchObject({
      modelVersion: 3,
      graphName: "g",
    });
  });

  it("is read without the weights", () => {
    const source = sourceOf(untrainedModel());
    expect(readOnnxHeader(source)?.graphName).toBe("mlp");
    expect(source.sizeBytes).toBeGreaterThan(9_000);
    expect(source.readBytes).toBeLessThan(1_000);
  });

  it("is none where a length reaches beyond the end, or a number has no end", () => {
    expect(headerOf(GRAPH, [58, 200])).toBeUndefined();
    expect(headerOf(GRAPH, [58, ...varint(2 ** 50)])).toBeUndefined();
    expect(headerOf(GRAPH, [8, ...Array<number>(12).fill(255)])).toBeUndefined();
    expect(headerOf(GRAPH, [3])).toBeUndefined();
    expect(headerOf([8, 8])).toBeUndefined();
    expect(headerOf()).toBeUndefined();
  });

  it("believes no lengths: long texts are cut, endless fields given up", () => {
    expect(headerOf(GRAPH, delimited(2, text("p".repeat(100_000))))?.producerName).toHaveLength(1_024);
    expect(headerOf(GRAPH, Array<number>(50_000).fill(8))).toBeUndefined();
    expect(headerOf(GRAPH, ...Array.from({ length: 500 }, (_, i) => opset(`d${i}`, 1)))?.opsets.size).toBe(64);
  });

  it("of anything at all is a header or none: never an error, and no more is read than there is", () => {
    const field = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]),
      fc.tuple(fc.nat({ max: 30 }), fc.uint8Array({ maxLength: 30 })).map(([n, bytes]) => delimited(n, [...bytes])),
      fc.constant(GRAPH),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const source = sourceOf(Uint8Array.from(fields.flat()));
        const header = readOnnxHeader(source);
        expect(header === undefined || header.opsets instanceof Map).toBe(true);
        expect(source.readBytes).toBeLessThanOrEqual(source.sizeBytes * 25);
      }),
      { numRuns: 2_000 },
    );
  });

  it("of a damaged model is a header or none", () => {
    const model = stepModel();
    fc.assert(
      fc.property(
        fc.nat({ max: model.length - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: model.length }),
        (at, byte, end) => {
          const damaged = model.slice(0, end);
          if (at < end) damaged[at] = byte;
          readOnnxHeader(sourceOf(damaged));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
