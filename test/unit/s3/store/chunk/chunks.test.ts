import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ColumnChunk } from "../../../../../src/s3/store/chunk/column-chunk.ts";
import { PlainChunk } from "../../../../../src/s3/store/chunk/plain-chunk.ts";
import { openChunk } from "../../../../../src/s3/store/chunk/read-chunk.ts";
import { readSideBytes, sideMembers } from "../../../../../src/s3/store/chunk/side-bytes.ts";
import { chunkBytes } from "../../../../../src/s3/store/chunk/write-chunk.ts";
import {
  metricColumn,
  paramColumn,
  RUN_COLUMNS,
  START_TIME,
  tagColumn,
} from "../../../../../src/s3/store/run-columns.ts";
import { type RunHead, runHeadSchema } from "../../../../../src/s3/store/run-head.ts";
import { randomFrom, SEED } from "../../../../support/random.ts";
import { awkwardHead, EMPTY_HEAD } from "../../../../support/run-heads.ts";

const PLACE = '"s3://bucket/idx/s/chunk"';
const kind = { schema: runHeadSchema, columns: RUN_COLUMNS, isGone: ({ isGone }: RunHead) => isGone === true };
const open = (bytes: Buffer) => openChunk(bytes, PLACE, kind, []);
const heads = Array.from({ length: 300 }, (_, n) => awkwardHead(n, randomFrom(SEED + n)));
const textOf = (rows: readonly RunHead[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe(`a chunk with columns (seed ${SEED})`, () => {
  it("is lines of JSON to whoever unpacks it", async () => {
    const bytes = await chunkBytes(heads, RUN_COLUMNS);
    expect(gunzipSync(bytes).toString()).toBe(textOf(heads));
  });

  it("has the heads that were put into it, whole and one by one", async () => {
    const chunk = await open(await chunkBytes(heads, RUN_COLUMNS));
    expect(chunk).toBeInstanceOf(ColumnChunk);
    expect(await chunk.heads()).toEqual(heads);
    expect(chunk.ids).toEqual(heads.map(({ id }) => id));
    expect(chunk.revs).toEqual(heads.map(({ rev }) => rev));
    expect(heads.map((_, at) => chunk.isGone(at))).toEqual(heads.map(({ isGone }) => isGone === true));
    for (const at of [0, 299, 150, 151, 0]) expect(await chunk.row(at).head()).toEqual(heads[at]);
  });

  it("may have no heads at all", async () => {
    const chunk = await open(await chunkBytes([], RUN_COLUMNS));
    expect([chunk.ids, await chunk.heads()]).toEqual([[], []]);
  });

  it("may have rows that are larger than a block, and columns that are larger than what rides in one member", async () => {
    const random = randomFrom(SEED);
    const note = () => Array.from({ length: 9_000 }, () => String.fromCharCode(32 + random() * 8_000)).join("");
    const large = Array.from({ length: 40 }, (_, n) => ({ ...EMPTY_HEAD, id: `run-${n}`, tags: { note: note() } }));
    const bytes = await chunkBytes(large, RUN_COLUMNS);
    const chunk = await open(bytes);
    await chunk.load([tagColumn("note")]);
    expect(large.map((_, at) => chunk.row(at).value(tagColumn("note")))).toEqual(large.map(({ tags }) => tags.note));
    expect(await chunk.row(39).head()).toEqual(large[39]);
    expect(gunzipSync(bytes).toString()).toBe(textOf(large));
  });

  it("keeps thousands of keys in few sections, and finds each", async () => {
    const many = Array.from({ length: 200 }, (_, n) => ({
      ...EMPTY_HEAD,
      id: `run-${n}`,
      params: Object.fromEntries(Array.from({ length: 50 }, (_, p) => [`param ${n} ${p}`, `${n * p}`])),
    }));
    const bytes = await chunkBytes(many, RUN_COLUMNS);
    const { sections } = await directoryOf(bytes);
    expect(sections.length).toBeLessThan(60);
    const chunk = await open(bytes);
    for (const key of ["param 0 0", "param 199 49", "param 7 7"]) {
      const column = paramColumn(key);
      await chunk.load([column]);
      expect(many.map((_, at) => chunk.row(at).value(column))).toEqual(
        many.map(({ params }) => (params as Record<string, string>)[key]),
      );
    }
    await chunk.load([paramColumn("param 7 70"), paramColumn("\uffff"), paramColumn("")]);
    expect(chunk.row(7).value(paramColumn("param 7 70"))).toBeUndefined();
  });

  it("says so where somebody asks for a column that was not loaded", async () => {
    const chunk = await open(await chunkBytes(heads, RUN_COLUMNS));
    expect(() => chunk.row(0).value(START_TIME)).toThrow("was not loaded");
  });

  it("takes the first of metrics with one name, as a head does", async () => {
    const point = { key: "loss", step: 0, timestamp: 0 };
    const head = { ...EMPTY_HEAD, latestMetrics: [1, 2].map((value) => ({ ...point, value })) };
    const chunk = await open(await chunkBytes([head], RUN_COLUMNS));
    await chunk.load([metricColumn("loss")]);
    expect(chunk.row(0).value(metricColumn("loss"))).toBe(1);
    expect(new PlainChunk([head], kind).row(0).value(metricColumn("loss"))).toBe(1);
  });
});

describe("a chunk without columns that are known", () => {
  it.each([
    ["of an earlier version", gzipSync(textOf(heads))],
    ["in several members", Buffer.concat([gzipSync(textOf(heads.slice(0, 7))), gzipSync(textOf(heads.slice(7)))])],
    ["of a later format", laterFormat()],
  ])("%s is read whole", async (_, bytes) => {
    const chunk = await open(bytes);
    expect(chunk).toBeInstanceOf(PlainChunk);
    expect(await chunk.heads()).toEqual(heads);
    expect(heads.map((_, at) => chunk.isGone(at))).toEqual(heads.map(({ isGone }) => isGone === true));
  });

  function laterFormat(): Buffer {
    const directory = gzipSync(JSON.stringify({ format: 2, anything: "else" }));
    return Buffer.concat([sideMembers(withLength(directory)), gzipSync(textOf(heads))]);
  }
});

describe("bytes that ride along", () => {
  it.each([1, 65_530, 65_531, 65_532, 300_000])("come back, %d of them", (length) => {
    const bytes = Buffer.alloc(length, "side");
    const text = gzipSync("text");
    const file = Buffer.concat([sideMembers(bytes), text]);
    const { side, textAt } = readSideBytes(file);
    expect(side.equals(bytes)).toBe(true);
    expect(file.subarray(textAt).equals(text)).toBe(true);
    expect(gunzipSync(file).toString()).toBe("text");
  });
});

interface DirectoryJson {
  format: number;
  rows: number;
  blocks: [number, number][];
  sections: [string, string, string, number][];
}

function withLength(directory: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(directory.length);
  return Buffer.concat([length, directory]);
}

async function directoryOf(bytes: Buffer): Promise<DirectoryJson> {
  const { side } = readSideBytes(bytes);
  return JSON.parse(gunzipSync(side.subarray(4, 4 + side.readUInt32LE())).toString()) as DirectoryJson;
}

describe("a hostile chunk ends in an error that names it", () => {
  const rows = heads.slice(0, 20);
  const text = gzipSync(textOf(rows));
  const column = (name: string, ...rest: unknown[]) => [name, ...rest];
  const ids = column(
    "id",
    rows.map(({ id }) => id),
  );
  const revs = column(
    "rev",
    rows.map(({ rev }) => rev),
  );

  /** A chunk as somebody might write it. */
  function made({
    side = gzipSync(JSON.stringify([ids, revs])),
    params = gzipSync(JSON.stringify([])),
    change = (directory: DirectoryJson): unknown => directory,
    blocks = text,
    more = Buffer.alloc(0),
  }): Buffer {
    const directory: DirectoryJson = {
      format: 1,
      rows: rows.length,
      blocks: [[rows.length, blocks.length]],
      sections: [
        ["rows", "id", "rev", side.length],
        ["params", "A", "z", params.length],
      ],
    };
    const packed = withLength(gzipSync(JSON.stringify(change(directory))));
    return Buffer.concat([sideMembers(Buffer.concat([packed, side, params, more])), blocks]);
  }
  /** All that can be asked of it. */
  const readAll = async (bytes: Buffer) => {
    const chunk = await open(bytes);
    await chunk.load([paramColumn("model"), paramColumn("__proto__")]);
    await chunk.row(0).head();
    return await chunk.heads();
  };
  const json = (value: unknown) => gzipSync(JSON.stringify(value));
  const bomb = gzipSync(Buffer.alloc(80 << 20, "a"), { level: 1 });
  /** Says that it is short. */
  const lyingBomb = Buffer.from(bomb);
  lyingBomb.writeUInt32LE(100, lyingBomb.length - 4);
  const other = textOf(rows).replace(rows[3]?.id as string, "run-9999");

  it("though the same is read where nothing is wrong with it", async () => {
    expect(await readAll(made({}))).toEqual(rows);
    const sparse = json([["model", ["a", "b"], [3, 19]]]);
    expect(await readAll(made({ params: sparse }))).toEqual(rows);
  });

  it.each<[string, Parameters<typeof made>[0]]>([
    ["no directory", { change: () => null }],
    ["a list for a directory", { change: () => [1] }],
    ["no sections", { change: ({ sections: _, ...rest }) => rest }],
    ["no blocks", { change: ({ blocks: _, ...rest }) => rest }],
    ["rows that are no number", { change: (all) => ({ ...all, rows: "20" }) }],
    ["a negative number of rows", { change: (all) => ({ ...all, rows: -1 }) }],
    ["more rows than there can be", { change: (all) => ({ ...all, rows: 2 ** 40, blocks: [[2 ** 40, text.length]] }) }],
    ["rows in no block", { change: (all) => ({ ...all, rows: 21 }) }],
    ["a block without rows", { change: (all) => ({ ...all, blocks: [[0, 0], ...all.blocks] }) }],
    ["a block that ends behind the file", { change: (all) => ({ ...all, blocks: [[20, text.length + 1]] }) }],
    [
      "a block of negative length",
      {
        change: (all) => ({
          ...all,
          blocks: [
            [10, -5],
            [10, text.length + 5],
          ],
        }),
      },
    ],
    ["bytes in no block", { change: (all) => ({ ...all, blocks: [[20, text.length - 1]] }) }],
    [
      "a section that ends behind the others",
      { change: (all) => ({ ...all, sections: [["rows", "id", "rev", 1e9]] }) },
    ],
    ["a section of half a byte", { change: (all) => ({ ...all, sections: [["rows", "id", "rev", 0.5]] }) }],
    ["a section without a name", { change: (all) => ({ ...all, sections: [["rows", 1, "rev", 10]] }) }],
    ["a section that is none", { change: (all) => ({ ...all, sections: ["rows"] }) }],
    ["bytes in no section", { more: Buffer.from("more") }],
    [
      "no columns for its rows",
      { change: (all) => ({ ...all, sections: all.sections.map(([, ...rest]) => ["x", ...rest]) }) },
    ],
    ["rows without a revision", { side: json([ids]) }],
    [
      "rows without an id",
      {
        side: json([
          column(
            "id",
            rows.map(() => null),
          ),
          revs,
        ]),
      },
    ],
    [
      "ids that are numbers",
      {
        side: json([
          column(
            "id",
            rows.map((_, n) => n),
          ),
          revs,
        ]),
      },
    ],
    ["fewer ids than rows", { side: json([column("id", ["a"]), revs]) }],
    ["ids for some rows", { side: json([column("id", ["a"], [0]), revs]) }],
    [
      "revisions that are texts",
      {
        side: json([
          ids,
          column(
            "rev",
            rows.map(() => "1"),
          ),
        ]),
      },
    ],
    ["a section that is no list", { side: json({ id: ids }) }],
    ["a section that is no JSON", { side: gzipSync("[") }],
    ["a section that is not gzipped", { side: Buffer.from("this is not gzipped, whatever it says") }],
    ["an empty section", { params: Buffer.alloc(0) }],
    ["a bomb for a section", { params: bomb }],
    ["a bomb that says it is short", { params: lyingBomb }],
    [
      "a section that says it is longer",
      { params: Buffer.concat([gzipSync("[]").subarray(0, -4), Buffer.from([9, 0, 0, 0])]) },
    ],
    [
      "params that are numbers",
      {
        params: json([
          column(
            "model",
            rows.map(() => 1),
          ),
        ]),
      },
    ],
    ["a param that is an object", { params: json([column("__proto__", [{ polluted: true }], [0])]) }],
    ["values without rows", { params: json([column("model", ["a", "b"], [1])]) }],
    ["a row twice", { params: json([column("model", ["a", "b"], [1, 1])]) }],
    ["rows that go back", { params: json([column("model", ["a", "b"], [2, 1])]) }],
    ["a row behind the last", { params: json([column("model", ["a"], [20])]) }],
    ["a row that is no number", { params: json([column("model", ["a"], ["0"])]) }],
    ["values that are no list", { params: json([column("model", { length: 20 })]) }],
    ["other heads than its columns say", { blocks: gzipSync(other) }],
    ["fewer heads than its columns say", { blocks: gzipSync(textOf(rows.slice(1))) }],
    ["more heads than its columns say", { blocks: gzipSync(textOf([...rows, ...rows])) }],
    ["heads that are none", { blocks: gzipSync('{"id":1}\n'.repeat(20)) }],
    ["heads that are no JSON", { blocks: gzipSync("{\n".repeat(20)) }],
    ["heads without line ends", { blocks: gzipSync(" ".repeat(100)) }],
    ["a bomb for heads", { blocks: bomb }],
    ["two bombs for heads", { blocks: Buffer.concat([lyingBomb, lyingBomb]) }],
  ])("%s", async (_, parts) => {
    const error = { code: "DATA_DAMAGED", message: expect.stringContaining(PLACE) };
    await expect(readAll(made(parts))).rejects.toMatchObject(error);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("wherever it is cut off, or one of its bytes is another", async () => {
    const whole = await chunkBytes(rows, RUN_COLUMNS);
    const random = randomFrom(SEED);
    const broken = (bytes: Buffer) =>
      readAll(bytes).then(
        (read) => expect(read).toEqual(rows),
        (error: unknown) => expect(error).toMatchObject({ code: "DATA_DAMAGED" }),
      );
    for (let length = 0; length < whole.length; length += 1 + Math.floor(random() * 40))
      await expect(readAll(whole.subarray(0, length))).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    for (let n = 0; n < 300; n++) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
      await broken(bytes);
    }
  });
});
