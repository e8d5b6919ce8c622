import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { beforeEach, describe, expect, it, test } from "vitest";
import { type UnpackOptions, unpackModel } from "../../../../src/models/archive/unpack-model.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { filesBelow, writeFilesBelow } from "../../../support/model-files.ts";
import { numbers, type ZipEnd, type ZipPart, zipOf } from "../../../support/zip-builder.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryDirectory();
});

const mlmodel: ZipPart = { name: "MLmodel", content: "flavors: {}\n" };
const weights: ZipPart = { name: "weights.bin", content: "weights ".repeat(1_000), isDeflated: true };
const whole = [mlmodel, weights];

function unpack(archive: Uint8Array, options: UnpackOptions = {}): Promise<string> {
  writeFileSync(join(folder, "model.zip"), archive);
  return unpackModel(join(folder, "model.zip"), join(folder, "model"), options);
}

/** Refused with this reason and the archive's path, and nothing is left of the attempt. */
async function expectDamaged(archive: Uint8Array, reason: RegExp, options: UnpackOptions = {}): Promise<void> {
  const path = join(folder, "model.zip");
  await expect(unpack(archive, options)).rejects.toMatchObject({
    code: "DATA_DAMAGED",
    message: expect.stringMatching(reason),
    details: { path },
  });
  expect(readdirSync(folder)).toEqual(["model.zip"]);
}

const DESCRIPTOR = 1 << 3;
const UTF8 = 1 << 11;
const descriptorOf = (content: string, packedBytes: number, bytes: 4 | 8) =>
  numbers([4, crc32(content)], [bytes, packedBytes], [bytes, content.length]);
const SIGNATURE = numbers([4, 0x08074b50]);

describe("what other tools write is unpacked", () => {
  const text = "text ".repeat(500);
  const packed = deflateRawSync(text);
  const unknown = { crc32: 0, packedBytes: 0, sizeBytes: 0 };
  const streamed = { name: "a.txt", content: text, isDeflated: true, flags: DESCRIPTOR, local: unknown };
  const wide = numbers([2, 1], [2, 16], [8, text.length], [8, packed.length]);
  const inWide = { sizeBytes: 0xffff_ffff, packedBytes: 0xffff_ffff };
  const cases: Record<string, readonly ZipPart[]> = {
    "stored and deflated": [{ name: "a.txt", content: text }],
    "an empty file, deflated": [{ name: "a.txt", isDeflated: true, content: "" }],
    "directories of their own": [{ name: "sub/" }, { name: "sub/a.txt", content: text }],
    "a directory after its content": [{ name: "sub/a.txt", content: text }, { name: "sub/" }],
    "names in Unicode": [{ name: "模型/é.txt", content: text }],
    "a mode of Unix": [
      { name: "sub/", mode: 0o040755 },
      { name: "sub/a.txt", content: text, mode: 0o100600 },
    ],
    "a descriptor": [{ ...streamed, descriptor: descriptorOf(text, packed.length, 4) }],
    "a descriptor with signature": [
      { ...streamed, descriptor: Buffer.concat([SIGNATURE, descriptorOf(text, packed.length, 4)]) },
    ],
    "a descriptor in 64 bits": [
      { ...streamed, descriptor: Buffer.concat([SIGNATURE, descriptorOf(text, packed.length, 8)]) },
    ],
    "a descriptor in 64 bits without signature": [{ ...streamed, descriptor: descriptorOf(text, packed.length, 8) }],
    "sizes in 64 bits": [{ name: "a.txt", content: text, isDeflated: true, ...inWide, extra: wide }],
    "sizes in 64 bits in the local header only": [
      { name: "a.txt", content: text, isDeflated: true, local: { ...inWide, extra: wide } },
    ],
    "fields that it does not know": [{ name: "a.txt", content: text, extra: numbers([2, 0x5455], [2, 4], [4, 7]) }],
  };
  const ends: Record<string, ZipEnd> = {
    "": {},
    " and an end in 64 bits": { isZip64: true },
    " and a comment": { comment: Buffer.from("PK\x05\x06 made by hand") },
  };
  for (const [name, parts] of Object.entries(cases))
    for (const [also, end] of Object.entries(ends))
      test(name + also, async () => {
        const files = filesBelow(await unpack(zipOf([mlmodel, ...parts], end)));
        const [path, content] = Object.entries(files).find(([file]) => file !== "MLmodel") ?? [];
        expect(parts.map((part) => part.name)).toContain(path);
        expect(content).toBe(parts.map((part) => part.content ?? "").join(""));
      });

  test("entries in another order than their list", async () => {
    const bytes = zipOf(whole);
    const listAt = bytes.readUInt32LE(bytes.length - 6);
    const secondAt = listAt + 46 + "MLmodel".length;
    const [front, first, second, end] = [
      bytes.subarray(0, listAt),
      bytes.subarray(listAt, secondAt),
      bytes.subarray(secondAt, -22),
      bytes.subarray(-22),
    ];
    const swapped = Buffer.concat([front, second, first, end]);
    expect(Object.keys(filesBelow(await unpack(swapped)))).toEqual(["MLmodel", "weights.bin"]);
  });
});

describe("names are refused", () => {
  const named = (...names: (string | ZipPart)[]) =>
    zipOf([mlmodel, ...names.map((name) => (typeof name === "string" ? { name, content: "x" } : name))]);
  const cases: [string, RegExp, ...(string | ZipPart)[]][] = [
    ["that climb out", /"\.\.\/evil" has a "\.\." segment/, "../evil"],
    ["that climb out later", /has a "\.\." segment/, "sub/../../evil"],
    ["of directories that climb out", /has a "\.\." segment/, { name: "../evil/" }],
    ["that are absolute", /is absolute/, "/etc/evil"],
    ["with a drive letter", /drive letter/, "C:evil"],
    ["with backslashes", /backslash/, "..\\evil"],
    ["with NUL", /NUL/, "a\0.txt"],
    ["that are empty", /is empty/, ""],
    ["with an empty segment", /empty segment/, "a//b"],
    ["with a dot as a segment", /has a "\." segment/, "./a"],
    ["of devices", /Windows takes for something else/, "sub/con.txt"],
    ["of streams", /Windows takes for something else/, "a.txt:hidden"],
    ["that end with a dot", /Windows takes for something else/, "MLmodel."],
    ["with control characters", /Windows takes for something else/, "a\x1b[2J"],
    ["that are there twice", /"a" is there twice/, "a", "a"],
    ["of MLmodel again", /"MLmodel" is there twice/, "MLmodel"],
    ["of directories that are there twice", /is there twice/, { name: "a/" }, { name: "a/" }],
    ["that differ in case", /"mlMODEL" is the same name as "MLmodel"/, "mlMODEL"],
    ["of folders that differ in case", /"A\/2" lies in "A", which is the same name as "a"/, "a/1", "A/2"],
    ["that differ in Unicode's form", /is the same name as/, "caf\u00e9", "cafe\u0301"],
    ["of a file that is a directory", /is a file and a directory/, "a", "a/b"],
    ["of a directory that is a file", /is a file and a directory/, "a/b", "a"],
    ["of a file and a directory of its own", /is a file and a directory/, { name: "a/" }, "a"],
    ["that are too deep", /more than 32 folders/, `${"a/".repeat(33)}b`],
    ["that are too long", /longer than 1024 bytes/, "é".repeat(600)],
    ["in no known encoding", /not marked as UTF-8/, { name: Buffer.from([0x61, 0xe9]), content: "x", flags: 0 }],
    ["in broken UTF-8", /not marked as UTF-8, or is none/, { name: Buffer.from([0x61, 0xc3]), content: "x" }],
  ];
  for (const [which, reason, ...names] of cases)
    test(which, async () => {
      await expectDamaged(named(...names), reason);
    });
});

describe("entries are refused", () => {
  const refused = (part: Partial<ZipPart>) => zipOf([mlmodel, { ...weights, ...part }]);
  const broken = Buffer.from(deflateRawSync("weights ".repeat(1_000)));
  broken[0] = 0xff;
  const cases: readonly (readonly [string, RegExp, Buffer])[] = [
    ["that are links", /is a link, a device/, refused({ mode: 0o120777 })],
    ["that are pipes", /is a link, a device/, refused({ mode: 0o010644 })],
    ["that are directories without a slash", /not what its name says/, refused({ mode: 0o040755 })],
    ["that are files with a slash", /not what its name says/, zipOf([mlmodel, { name: "a/", mode: 0o100644 }])],
    ["that are directories with content", /directory with content/, zipOf([mlmodel, { name: "a/", content: "x" }])],
    ["that are encrypted", /is encrypted/, refused({ flags: 1 })],
    ["with flags of later versions", /unknown flags/, refused({ flags: UTF8 | (1 << 13) })],
    ["packed by other methods", /method 12/, refused({ method: 12 })],
    ["stored in another length", /another length than its own/, zipOf([{ ...mlmodel, sizeBytes: 5 }])],
    ["that declare fewer bytes", /gives more bytes than it declares/, refused({ sizeBytes: 100 })],
    ["that declare more bytes", /gives fewer bytes than it declares/, refused({ sizeBytes: 9_000 })],
    ["with another CRC-32", /CRC-32 differs/, refused({ crc32: 1 })],
    ["stored with another CRC-32", /CRC-32 differs/, zipOf([{ ...mlmodel, crc32: 1 }])],
    ["that are not deflated", /cannot be inflated/, refused({ packed: broken })],
    ["whose data ends too early", /cannot be inflated/, refused({ packed: broken.subarray(1, 2) })],
    [
      "with bytes behind their data",
      /bytes behind the end of its data/,
      refused({ packed: Buffer.concat([deflateRawSync("weights ".repeat(1_000)), Buffer.from("hidden")]) }),
    ],
    [
      "with much behind their data",
      /bytes behind the end of its data/,
      refused({ packed: Buffer.concat([deflateRawSync("weights ".repeat(1_000)), Buffer.alloc(1_000_000, 7)]) }),
    ],
    ["whose header has another name", /contradicts/, refused({ local: { name: "weights.bim" } })],
    ["whose header has a longer name", /contradicts|overlaps/, refused({ local: { name: "weights.bin2" } })],
    ["whose header has another size", /contradicts/, refused({ local: { sizeBytes: 7 } })],
    ["whose header has another packed size", /contradicts/, refused({ local: { packedBytes: 7 } })],
    ["whose header has another CRC-32", /contradicts/, refused({ local: { crc32: 7 } })],
    ["whose header has another method", /contradicts/, refused({ local: { method: 0 } })],
    ["whose header is encrypted", /contradicts/, refused({ local: { flags: UTF8 | 1 } })],
    ["whose header is elsewhere", /overlaps/, refused({ position: 46 })],
    ["whose header is none", /is not where the list/, Buffer.concat([Buffer.alloc(1), zipOf([mlmodel]).subarray(1)])],
    ["that lie over others", /overlaps/, refused({ position: 0 })],
    ["that reach into the next", /overlaps/, zipOf([{ ...mlmodel, packedBytes: 50, sizeBytes: 50 }, weights])],
    ["that reach into the list", /overlaps/, refused({ packedBytes: 5_000 })],
    ["with a gap before them", /bytes behind it that belong to no entry/, refused({ gap: Buffer.from("gap") })],
    ["with a long gap before them", /belong to no entry/, refused({ gap: Buffer.alloc(1_000) })],
    ["that miss their descriptor", /belong to no entry/, refused({ flags: UTF8 | DESCRIPTOR })],
    [
      "with a descriptor that lies",
      /belong to no entry/,
      refused({ flags: UTF8 | DESCRIPTOR, descriptor: numbers([4, 1], [4, 2], [4, 3]) }),
    ],
    ["whose sizes of 64 bits are missing", /was split/, zipOf([mlmodel, { ...weights, sizeBytes: 0xffff_ffff }])],
    [
      "whose sizes of 64 bits are astronomic",
      /declares \d+ bytes/,
      zipOf([
        mlmodel,
        { ...weights, sizeBytes: 0xffff_ffff, extra: numbers([2, 1], [2, 8], [8, Number.MAX_SAFE_INTEGER]) },
      ]),
    ],
    ["whose extra field is cut off", /was split/, refused({ sizeBytes: 0xffff_ffff, extra: numbers([2, 1], [2, 80]) })],
  ];
  test.each(cases)("%s", async (_, reason, archive) => {
    await expectDamaged(archive, reason);
  });
});

describe("archives are refused", () => {
  const bytes = zipOf(whole);
  const cases: readonly (readonly [string, RegExp, Buffer])[] = [
    ["that are empty files", /is no zip archive/, Buffer.alloc(0)],
    ["that are something else", /is no zip archive/, Buffer.from("%PDF-1.7 ".repeat(100))],
    ["without entries", /holds no MLmodel at its root/, zipOf([])],
    ["without an MLmodel", /holds no MLmodel at its root$/, zipOf([weights])],
    ["with a directory as MLmodel", /holds no MLmodel at its root$/, zipOf([{ name: "MLmodel/" }])],
    [
      "with the model in a folder",
      /holds no MLmodel at its root; there is "model\/MLmodel"/,
      zipOf([{ ...mlmodel, name: "model/MLmodel" }]),
    ],
    ["with something before them", /belong to no file/, Buffer.concat([Buffer.from("#!/bin/sh\n"), bytes])],
    ["with something behind them", /has something behind it/, Buffer.concat([bytes, Buffer.from("rubbish")])],
    ["with something between list and end", /belong to no file/, zipOf(whole, { gap: Buffer.from("gap") })],
    [
      "whose first entry is not the first thing",
      /something before its first entry/,
      zipOf([{ ...mlmodel, gap: Buffer.from("gap") }]),
    ],
    ["that are one of several", /was split/, zipOf(whole, { disk: 1 })],
    ["with entries elsewhere", /was split/, zipOf(whole, { entriesOnDisk: 1 })],
    [
      "that count too many",
      /has no entry 3 of 3/,
      zipOf([mlmodel, { name: "a long name ".repeat(10).trim() }], { entries: 3 }),
    ],
    ["that count far too many", /list of its files that is too short/, zipOf(whole, { entries: 9_000 })],
    ["that count too few", /lists more entries than it counts/, zipOf(whole, { entries: 1 })],
    ["that count none", /lists more entries than it counts/, zipOf(whole, { entries: 0 })],
    ["whose list is elsewhere", /belong to no file/, zipOf(whole, { position: 7 })],
    ["whose list has another length", /belong to no file/, zipOf(whole, { sizeBytes: 7 })],
    ["whose 64 bits are wrong", /belong to no file/, zipOf(whole, { isZip64: true, sizeBytes: 2 ** 40 })],
    ["whose 64 bits are absurd", /belong to no file/, zipOf(whole, { isZip64: true, position: 2 ** 53 - 1 })],
  ];
  test.each(cases)("%s", async (_, reason, archive) => {
    await expectDamaged(archive, reason);
  });

  it("wherever they are cut off", async () => {
    for (let length = 0; length < bytes.length; length++) await expectDamaged(bytes.subarray(0, length), /./);
  });

  it("whichever byte of them is another, unless it means nothing", async () => {
    const expected = filesBelow(await unpack(bytes));
    for (let at = 0; at < bytes.length; at++) {
      const other = Buffer.from(bytes);
      other[at] = (other[at] as number) ^ (1 << (at & 7));
      try {
        const found = filesBelow(await unpack(other, { overwrite: true }));
        // The name of a file is nothing that anything else could tell.
        expect(Object.values(found)).toEqual(Object.values(expected));
      } catch (error) {
        expect(error).toMatchObject({ code: "DATA_DAMAGED" });
      }
    }
    expect(readdirSync(folder).sort()).toEqual(["model", "model.zip"]);
  });

  it("or unpacked, whatever bytes they are", async () => {
    const chunks = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(bytes, bytes.subarray(0, 60), bytes.subarray(-100))),
    );
    await fc.assert(
      fc.asyncProperty(chunks, async (parts) => {
        try {
          await unpack(Buffer.concat(parts), { overwrite: true });
        } catch (error) {
          expect(error).toMatchObject({ code: "DATA_DAMAGED" });
        }
        expect(readdirSync(folder).filter((name) => name !== "model")).toEqual(["model.zip"]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("limits", () => {
  it("refuse a bomb that tells what it is", async () => {
    const size = 10 * 2 ** 30;
    const bomb = zipOf([mlmodel, { ...weights, sizeBytes: 0xffff_ffff, extra: numbers([2, 1], [2, 8], [8, size]) }]);
    await expectDamaged(bomb, /declares \d+ bytes of files; maxBytes is 268435456/);
    await expectDamaged(bomb, /maxBytes is 1000000/, { maxBytes: 1_000_000 });
  });

  it("stop a bomb that lies after the bytes that it declares", async () => {
    const declared = 1_000_000;
    const zeros = deflateRawSync(Buffer.alloc(100_000_000));
    let written = 0;
    const bomb = zipOf([mlmodel, { name: "weights.bin", packed: zeros, method: 8, sizeBytes: declared, crc32: 0 }]);
    await expectDamaged(bomb, /gives more bytes than it declares/, {
      onProgress: ({ transferredBytes }) => {
        written = transferredBytes;
      },
    });
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThanOrEqual(declared + Number(mlmodel.content?.length));
  });

  it("of bytes grow with the archive, and are given where that is too little", async () => {
    const zeros = Buffer.alloc(300_000_000);
    const archive = zipOf([mlmodel, { name: "weights.bin", content: zeros, isDeflated: true }]);
    await expectDamaged(archive, /maxBytes is 268435456/);
    const directory = await unpack(archive, { maxBytes: 400_000_000 });
    expect(readFileSync(join(directory, "weights.bin")).equals(zeros)).toBe(true);
  });

  it("of entries hold before any of them is read", async () => {
    const many = Array.from({ length: 11 }, (_, index): ZipPart => ({ name: `${index}` }));
    await expectDamaged(zipOf([mlmodel, ...many]), /holds 12 entries; maxFiles is 11/, { maxFiles: 11 });
    await unpack(zipOf([mlmodel, ...many]), { maxFiles: 12 });
  });
});

describe("the place", () => {
  const archive = zipOf(whole);
  const message = (text: string) => ({ code: "RESOURCE_ALREADY_EXISTS", message: expect.stringContaining(text) });

  it("may be an empty directory, and nothing else", async () => {
    writeFilesBelow(join(folder, "other"), { "diary.txt": "mine" });
    writeFileSync(join(folder, "file"), "mine");
    const to = (name: string, options: UnpackOptions = {}) =>
      unpackModel(join(folder, "model.zip"), join(folder, name), options);
    await unpack(archive);
    await expect(to("model")).rejects.toMatchObject(message("is there already, and not empty"));
    await expect(to("other", { overwrite: true })).rejects.toMatchObject(message("holds no MLmodel"));
    await expect(to("file", { overwrite: true })).rejects.toMatchObject(message("is no directory"));
    await expect(to("file/model")).rejects.toMatchObject(message("is no directory"));
    expect(await to("absent/model")).toBe(join(folder, "absent/model"));
    const empty = temporaryDirectory();
    expect(await unpackModel(join(folder, "model.zip"), empty)).toBe(empty);
    expect(Object.keys(filesBelow(empty))).toEqual(["MLmodel", "weights.bin"]);
    expect(filesBelow(folder)["other/diary.txt"]).toBe("mine");
  });

  it("is taken whole by overwriting, and kept where the archive is damaged", async () => {
    writeFilesBelow(join(folder, "model"), { MLmodel: "old", "old.bin": "old" });
    const damaged = zipOf([mlmodel, { ...weights, crc32: 1 }]);
    await expect(unpack(damaged, { overwrite: true })).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    expect(filesBelow(join(folder, "model"))["old.bin"]).toBe("old");
    await unpack(archive, { overwrite: true });
    expect(Object.keys(filesBelow(folder))).toEqual(["model/MLmodel", "model/weights.bin", "model.zip"]);
  });

  it("of the archive must hold a file", async () => {
    await expect(unpackModel(join(folder, "absent.zip"), join(folder, "model"))).rejects.toMatchObject({
      code: "STORAGE_GONE",
    });
    symlinkSync("/dev/zero", join(folder, "zero.zip"));
    for (const path of [folder, join(folder, "zero.zip")]) {
      await expect(unpackModel(path, join(folder, "model"))).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    }
  });
});

describe("unpackModel", () => {
  it("can be stopped at any moment, and leaves nothing", async () => {
    const archive = zipOf([
      mlmodel,
      { name: "weights.bin", content: Buffer.alloc(2_000_000, "abc"), isDeflated: true },
    ]);
    for (let after = 0; after < 6; after++) {
      const stop = new AbortController();
      let told = 0;
      if (after === 0) stop.abort(new Error("enough"));
      const onProgress = () => {
        if (++told === after) stop.abort(new Error("enough"));
      };
      await expect(unpack(archive, { signal: stop.signal, onProgress })).rejects.toMatchObject({
        code: "CANCELLED",
        cause: { message: "enough" },
      });
      expect(readdirSync(folder)).toEqual(["model.zip"]);
    }
  });

  it("passes on what a watcher throws", async () => {
    const onProgress = () => {
      throw new RangeError("mine");
    };
    await expect(unpack(zipOf(whole), { onProgress })).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual(["model.zip"]);
  });

  it.each([
    ["archiveFile", "", "model", {}],
    ["directory", "model.zip", 7, {}],
    ["directory", "model.zip", "a\0b", {}],
    ["options.maxBytes", "model.zip", "model", { maxBytes: -1 }],
    ["options.maxFiles", "model.zip", "model", { maxFiles: 1.5 }],
    ["options.signal", "model.zip", "model", { signal: {} }],
    ["options.onProgress", "model.zip", "model", { onProgress: 1 }],
    ["options: unknown option", "model.zip", "model", { force: true }],
  ])("refuses a wrong %s", async (argument, archiveFile, directory, options) => {
    await expect(unpackModel(archiveFile, directory as string, options as UnpackOptions)).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringContaining(argument),
    });
  });
});
