import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bitmap } from "../../../../src/tracking/media/bitmap.ts";
import { readImageHeader } from "../../../../src/tracking/media/image-header.ts";
import { decodePng } from "../../../../src/tracking/media/png-decoder.ts";
import { encodePng } from "../../../../src/tracking/media/png-encoder.ts";
import { scaleDown } from "../../../../src/tracking/media/scale-down.ts";
import { pngFile } from "../../../support/png-file.ts";

const bitmaps: fc.Arbitrary<Bitmap> = fc
  .record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    channels: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
  })
  .chain((size) => {
    const length = size.width * size.height * size.channels;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ ...size, data }));
  });

describe("a PNG file", () => {
  it("holds every pixel, and its size in the header", async () => {
    await fc.assert(
      fc.asyncProperty(bitmaps, async (bitmap) => {
        const png = await encodePng(bitmap);
        expect(await decodePng(png)).toEqual(bitmap);
        expect(readImageHeader(png)).toEqual({ type: "png", width: bitmap.width, height: bitmap.height });
      }),
    );
  });

  it.each<[number, readonly number[]]>([
    [0, [10, 20, 30, 11, 22, 33]],
    [1, [10, 30, 60, 11, 33, 66]],
    [2, [10, 20, 30, 21, 42, 63]],
    [3, [10, 25, 42, 16, 42, 75]],
    [4, [10, 30, 60, 21, 52, 93]],
  ])("is read with filter %i", async (filter, data) => {
    const rows = [filter, 10, 20, 30, filter, 11, 22, 33];
    const png = pngFile({ width: 3, height: 2, colorType: 0, rows });
    expect(await decodePng(png)).toEqual({ width: 3, height: 2, channels: 1, data: Uint8Array.from(data) });
  });

  it("is read with a palette, transparent or not; an index beyond it is black", async () => {
    const palette = { width: 3, height: 1, colorType: 3, rows: [0, 0, 1, 9] };
    const PLTE = [255, 0, 0, 0, 255, 0];
    const opaque = await decodePng(pngFile({ ...palette, chunks: { PLTE } }));
    expect([...(opaque?.data ?? [])]).toEqual([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 0, 255]);
    const transparent = await decodePng(pngFile({ ...palette, chunks: { PLTE, tRNS: [7] } }));
    expect([...(transparent?.data ?? [])]).toEqual([255, 0, 0, 7, 0, 255, 0, 255, 0, 0, 0, 255]);
    expect(await decodePng(pngFile(palette))).toBeUndefined();
  });

  it.each<[string, Partial<Parameters<typeof pngFile>[0]>]>([
    ["16 bits", { bitDepth: 16 }],
    ["interlaced", { interlace: 1 }],
    ["of no colour type", { colorType: 5 }],
    ["with one transparent colour", { chunks: { tRNS: [0, 1] } }],
    ["with an unknown filter", { rows: [5, 1, 2] }],
    ["with too few rows", { height: 2 }],
    ["with too many rows", { rows: new Array(3_000_000).fill(0) }],
    ["of a size that nobody has memory for", { width: 2 ** 31 - 1, height: 2 ** 31 - 1 }],
  ])("that cannot be decoded is left alone: %s", async (_, difference) => {
    const plain = { width: 2, height: 1, colorType: 0, rows: [0, 1, 2] };
    expect(await decodePng(pngFile(plain))).toBeDefined();
    expect(await decodePng(pngFile({ ...plain, ...difference }))).toBeUndefined();
  });

  it("may break off or be damaged anywhere", async () => {
    const png = await encodePng({ width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(200) });
    for (let length = 0; length < png.length - 12; length++) {
      const cut = png.slice(0, length);
      readImageHeader(cut);
      await decodePng(cut);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(png.length - 1), fc.nat(255), async (at, byte) => {
        const damaged = png.slice();
        damaged[at] = byte;
        const bitmap = await decodePng(damaged);
        if (bitmap !== undefined) expect(bitmap.data.length).toBe(bitmap.width * bitmap.height * bitmap.channels);
      }),
    );
  });
});

describe("a smaller copy", () => {
  it("keeps the proportions, cutting as MLflow does, and at least one pixel", () => {
    const sizeOf = (width: number, height: number) => {
      const scaled = scaleDown({ width, height, channels: 1, data: new Uint8Array(width * height) }, 256);
      return [scaled.width, scaled.height, scaled.data.length];
    };
    expect(sizeOf(512, 512)).toEqual([256, 256, 65_536]);
    expect(sizeOf(1_000, 333)).toEqual([256, 85, 21_760]);
    expect(sizeOf(333, 1_000)).toEqual([85, 256, 21_760]);
    expect(sizeOf(1, 2_000)).toEqual([1, 256, 256]);
    expect(sizeOf(257, 257)).toEqual([256, 256, 65_536]);
  });

  it("averages areas; what is transparent has no say in the colour", () => {
    const grey = { width: 4, height: 2, channels: 1 as const, data: Uint8Array.of(0, 10, 100, 200, 20, 30, 100, 0) };
    expect([...scaleDown(grey, 2).data]).toEqual([15, 100]);
    const data = Uint8Array.of(200, 0, 0, 255, 0, 99, 0, 0);
    expect([...scaleDown({ width: 2, height: 1, channels: 4, data }, 1).data]).toEqual([200, 0, 0, 128]);
    expect([...scaleDown({ width: 2, height: 1, channels: 2, data: Uint8Array.of(9, 0, 7, 0) }, 1).data]).toEqual([
      0, 0,
    ]);
  });

  it("of one colour has that colour", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(255),
        (width, height, grey) => {
          const scaled = scaleDown({ width, height, channels: 1, data: new Uint8Array(width * height).fill(grey) }, 5);
          expect(scaled.data.every((value) => value === grey)).toBe(true);
        },
      ),
    );
  });
});

describe("a JPEG file", () => {
  const frame = [0xff, 0xc2, 0, 11, 8, 0x01, 0x02, 0x03, 0x04, 1, 1, 0x11, 0];
  it.each<[string, readonly number[]]>([
    ["at once", frame],
    ["after another segment and fill bytes", [0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, ...frame]],
    ["after a Huffman table", [0xff, 0xc4, 0, 3, 0, ...frame]],
  ])("says its size %s", (_, bytes) => {
    const header = readImageHeader(Uint8Array.of(0xff, 0xd8, ...bytes));
    expect(header).toEqual({ type: "jpeg", width: 0x304, height: 0x102 });
  });

  it.each<[string, readonly number[]]>([
    ["breaks off", [0xff, 0xc0, 0, 11, 8]],
    ["is none", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["points behind its end", [0xff, 0xe0, 0xff, 0xff, 0, 0, 0, 0, 0]],
  ])("has none where it %s", (_, bytes) => {
    expect(readImageHeader(Uint8Array.of(0xff, 0xd8, ...bytes))).toBeUndefined();
  });
});

it("deflate of nothing is no image", async () => {
  expect(readImageHeader(deflateSync(""))).toBeUndefined();
  expect(readImageHeader(new Uint8Array())).toBeUndefined();
});
