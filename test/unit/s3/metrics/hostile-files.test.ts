import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { beforeAll, describe, expect, it } from "vitest";
import { TidemarkError } from "../../../../src/base/errors.ts";
import { ByteCursor } from "../../../../src/s3/metrics/parquet/byte-cursor.ts";
import { readDeltas } from "../../../../src/s3/metrics/parquet/deltas.ts";
import { readRunLengths } from "../../../../src/s3/metrics/parquet/run-lengths.ts";
import { unsnappy } from "../../../../src/s3/metrics/parquet/snappy.ts";
import { readThrift } from "../../../../src/s3/metrics/parquet/thrift.ts";
import { readRows } from "../../../../src/s3/metrics/read-file.ts";
import { fileOf, RUN_ID, sourceOf } from "../../../support/parquet-files.ts";

// hyparquet and hyparquet-writer do not always mean the same version of it.
type FileMetaData = Parameters<typeof writeMetadata>[1];

const DAMAGED = expect.objectContaining({ code: "DATA_DAMAGED" });
const cursor = (...bytes: number[]) => new ByteCursor(Uint8Array.from(bytes));
const wanted = { runId: RUN_ID };
const deltasOf = (from: ByteCursor, count: number): number[] => {
  const output = new Float64Array(count);
  readDeltas(from, output);
  return [...output];
};

describe("bytes that nobody has checked", () => {
  let file: Uint8Array;
  beforeAll(async () => {
    file = await fileOf(
      Array.from({ length: 400 }, (_, i) => ({
        key: `key-${i % 3}`,
        value: i * 0.1,
        timestamp: 1_700_000_000_000 + i * 17,
        step: i,
        ...(i % 5 === 0 ? { modelId: "m", dataset: { name: "d", digest: "1" } } : {}),
      })),
    );
  });

  it("are a file of metrics, or refused with the place, wherever they are changed", async () => {
    const change = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))), {
      minLength: 1,
      maxLength: 4,
    });
    // Most changes are made where the file says what it is: at its end.
    const place = fc.boolean();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(change, place, async (changes, isAtEnd) => {
        const bytes = file.slice();
        for (const [at, byte] of changes) bytes[isAtEnd ? bytes.length - 1 - (at % 900) : at % bytes.length] = byte;
        try {
          const { columns } = await readRows(sourceOf(bytes), wanted);
          expect(columns.length).toBeLessThan(100_000);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(TidemarkError);
          expect(["DATA_DAMAGED", "NOT_IMPLEMENTED"]).toContain((error as TidemarkError).code);
          expect((error as TidemarkError).message).toMatch(/^the file is /);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  it("are refused wherever they are cut off", async () => {
    for (let length = 0; length < file.length; length += 7)
      await expect(readRows(sourceOf(file.subarray(0, length)), wanted)).rejects.toEqual(DAMAGED);
  });

  it("of another run, or of a later format, are told from damage", async () => {
    await expect(readRows(sourceOf(file), { runId: "another" })).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: "the file is no file of metrics that can be read: it is of another run",
    });
    const later = Buffer.from(file);
    const at = later.indexOf("tidemark.format") + "tidemark.format".length;
    later[later.indexOf("1", at)] = "2".charCodeAt(0);
    await expect(readRows(sourceOf(later), wanted)).rejects.toMatchObject({ code: "NOT_IMPLEMENTED" });
  });

  /** The same file with a footer that says something else. */
  function withFooter(change: (metadata: FileMetaData) => void): Uint8Array {
    const metadata = parquetMetadata(file.slice().buffer) as FileMetaData;
    change(metadata);
    const writer = new ByteWriter();
    writer.appendBytes(file.subarray(0, file.length - 8 - metadata.metadata_length));
    writeMetadata(writer, metadata);
    writer.appendUint32(0x31524150);
    return writer.getBytes().slice();
  }
  const chunksOf = ({ row_groups }: FileMetaData) =>
    row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data));
  const refusal = (problem: string) => ({
    code: "DATA_DAMAGED",
    message: `the file is no file of metrics that can be read: it ${problem}`,
  });

  it("are read with another footer that says the same", async () => {
    expect((await readRows(sourceOf(withFooter(() => {})), wanted)).columns.length).toBe(400);
  });

  it.each<[problem: string, change: (metadata: FileMetaData) => void]>([
    [
      "has more rows than it can hold",
      (metadata) => {
        for (const group of metadata.row_groups) group.num_rows = 2n ** 40n;
        for (const chunk of chunksOf(metadata)) if (chunk !== undefined) chunk.num_values = 2n ** 40n;
      },
    ],
    [
      "has columns of different lengths",
      (metadata) => {
        for (const group of metadata.row_groups) group.num_rows = 401n;
      },
    ],
    [
      "points behind its end",
      (metadata) => {
        for (const chunk of chunksOf(metadata)) if (chunk !== undefined) chunk.total_compressed_size = 2n ** 31n;
      },
    ],
    [
      "is compressed with something else than Snappy",
      (metadata) => {
        for (const chunk of chunksOf(metadata)) if (chunk !== undefined) chunk.codec = "ZSTD";
      },
    ],
    [
      "has no column step",
      (metadata) => {
        for (const element of metadata.schema) if (element.name === "step") element.name = "stop";
      },
    ],
    ["lacks columns", (metadata) => metadata.row_groups[0]?.columns.pop()],
  ])("are refused with a footer by which it %s", async (problem, change) => {
    await expect(readRows(sourceOf(withFooter(change)), wanted)).rejects.toMatchObject(refusal(problem));
  });

  it.each([
    ["is larger than metrics are kept", ["value"]],
    ["has columns in columns", ["key", "step", "timestamp", "value"]],
  ])("are not read where they would fill the memory: it %s", async (problem, columns) => {
    const sizeBytes = 2 ** 30;
    const tail = withFooter((metadata) => {
      for (const chunk of chunksOf(metadata))
        if (chunk !== undefined && columns.includes(chunk.path_in_schema[0] ?? ""))
          chunk.total_compressed_size = 2n ** 29n;
    });
    const source = {
      sizeBytes,
      place: "the file",
      read: async ({ from, to }: { from: number; to: number }) => {
        if (to - from > 1 << 20) throw new Error("much was read");
        const bytes = new Uint8Array(to - from);
        bytes.set(tail, bytes.length - tail.length);
        return bytes;
      },
    };
    await expect(readRows(source, wanted)).rejects.toMatchObject(refusal(problem));
  });

  it.each<[string, () => unknown]>([
    ["a run of four thousand million", () => readRunLengths(cursor(0xfe, 0xff, 0xff, 0xff, 0x1f, 1), 8, 3)],
    ["a run that fits", () => readRunLengths(cursor(0x06, 1), 8, 3)],
  ])("of a run give as many values as are wanted: %s", (_, read) => {
    expect(read()).toEqual(Uint32Array.of(1, 1, 1));
  });

  it.each<[string, () => unknown]>([
    ["an empty run", () => readRunLengths(cursor(0, 1), 1, 3)],
    ["groups longer than the bytes", () => readRunLengths(cursor(0xff, 0xff, 0xff, 0xff, 0x0f), 1, 3)],
    ["values of 33 bits", () => readRunLengths(cursor(6, 1, 1, 1, 1, 1), 33, 3)],
    ["blocks of nothing", () => deltasOf(cursor(0, 0, 3, 0), 3)],
    ["a block of two thousand million parts", () => deltasOf(cursor(0x80, 1, 0xff, 0xff, 0xff, 0xff, 7, 3, 0), 3)],
    ["differences of 65 bits", () => deltasOf(cursor(0x80, 1, 4, 3, 0, 0, 65, 0, 0, 0), 3)],
    ["differences that are not there", () => deltasOf(cursor(0x80, 1, 4, 3, 0, 0, 8, 0, 0, 0), 3)],
    ["other differences than were promised", () => deltasOf(cursor(0x80, 1, 4, 4, 0), 3)],
    ["a number without an end", () => cursor(...Array(1_000).fill(0xff)).varint()],
    ["a signed number without an end", () => cursor(...Array(1_000).fill(0xff)).zigzag()],
    ["a literal that is not there", () => unsnappy(Uint8Array.of(4, 0xfc, 0xff, 0xff, 0xff, 0xff), 4)],
    ["a copy from before the start", () => unsnappy(Uint8Array.of(8, 0, 1, 0x01, 9), 8)],
    ["a copy of distance 0", () => unsnappy(Uint8Array.of(8, 0, 1, 0x01, 0), 8)],
    [
      "a length beyond what the bytes can hold",
      () => unsnappy(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0, 1), 2 ** 28 - 1),
    ],
    ["structs in structs in structs", () => readThrift(cursor(...Array(1_000).fill(0x1c)))],
    ["a list of two thousand million", () => readThrift(cursor(0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 7))],
    ["lists in lists in lists", () => readThrift(cursor(0x19, ...Array(1_000).fill(0x19)))],
    ["a field of no type", () => readThrift(cursor(0x1d))],
  ])("are refused: %s", (_, read) => {
    expect(read).toThrow(DAMAGED);
  });

  it("that are differences of integers are the integers again", () => {
    const integers = fc.array(fc.oneof(fc.nat(1_000), fc.maxSafeInteger(), fc.integer()), {
      minLength: 1,
      maxLength: 500,
    });
    fc.assert(
      fc.property(integers, (numbers) => {
        const writer = new ByteWriter();
        deltaBinaryPack(writer, BigInt64Array.from(numbers, BigInt), "INT64");
        expect(deltasOf(new ByteCursor(writer.getBytes()), numbers.length)).toEqual(numbers);
      }),
    );
  });

  it("that are differences of integers beyond 2^53 are refused", () => {
    const writer = new ByteWriter();
    deltaBinaryPack(writer, BigInt64Array.of(1n, 2n ** 53n), "INT64");
    expect(() => deltasOf(new ByteCursor(writer.getBytes()), 2)).toThrow(DAMAGED);
  });

  it("that Snappy has made smaller are themselves again", () => {
    const repetitive = fc.array(fc.nat(3), { maxLength: 5_000 });
    fc.assert(
      fc.property(repetitive, (numbers) => {
        const bytes = Uint8Array.from(numbers);
        expect(unsnappy(snappyCompress(bytes), bytes.length)).toEqual(bytes);
      }),
    );
  });
});
