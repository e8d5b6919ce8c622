import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type CompressionLevel,
  type PackedModel,
  type PackOptions,
  packModel,
} from "../../../../src/models/archive/pack-model.ts";
import { unpackModel } from "../../../../src/models/archive/unpack-model.ts";
import { bundleProgram } from "../../../support/bundled-program.ts";
import { succeed } from "../../../support/child.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { filesBelow, writeFilesBelow } from "../../../support/model-files.ts";
import { randomFrom } from "../../../support/random.ts";

let folder: string;
let archive: string;

beforeEach(() => {
  folder = temporaryDirectory();
  archive = join(folder, "model.zip");
});

const random = randomFrom(7);
const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256);

/** Of the model below, at level 6. */
const KNOWN_SHA256 = "74e384d2b51dcfd741ad5d9e4fcb720b50a8a01b672a90fb4ed8a635abed17b7";

/** What no level and no piece treats alike: empty, small, repeated, random, longer than a piece. */
const files: Readonly<Record<string, string | Uint8Array>> = {
  MLmodel: "flavors: {}\n",
  "model.onnx": noise(300_000),
  "data/keras/empty": "",
  "data/weights.bin": new Uint8Array(1_000_000),
  "data/text.txt": "the same line again\n".repeat(20_000),
  // In UTF-16 the second comes first.
  "\u{ff5e}": "halfwidth",
  "\u{1f600}": "smile",
};

const modelIn = (name: string, content = files) => writeFilesBelow(join(folder, name), content);

describe("an archive", () => {
  it("holds the files of the model, in the order of code points", async () => {
    const packed = await packModel(modelIn("model"), archive);
    const bytes = readFileSync(archive);
    expect(packed).toEqual({
      file: archive,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      sizeBytes: bytes.length,
    });
    const order = ["MLmodel", "data/keras/empty", "data/text.txt", "data/weights.bin", "model.onnx", "～", "😀"];
    const places = order.map((name) => bytes.indexOf(name));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const unpacked = await unpackModel(archive, join(folder, "copy"));
    expect(unpacked).toBe(join(folder, "copy"));
    expect(filesBelow(unpacked)).toEqual(filesBelow(join(folder, "model")));
    expect(readdirSync(folder).sort()).toEqual(["copy", "model", "model.zip"]);
  });

  it("has the same bytes whatever the order, the times and the modes of the files", async () => {
    const backwards = Object.fromEntries(Object.entries(files).reverse());
    const other = modelIn("other", backwards);
    utimesSync(join(other, "MLmodel"), 1, 1);
    mkdirSync(join(other, "empty/folder"), { recursive: true });
    writeFileSync(join(other, "run.sh"), "", { mode: 0o777 });
    const model = modelIn("model", { ...files, "run.sh": "" });
    // Something that a process has left that was killed.
    writeFileSync(join(model, `.tidemark-${"0".repeat(32)}.tmp`), "half");
    const [first, second] = [await packModel(model, archive), await packModel(other, join(folder, "other.zip"))];
    expect(second.sha256).toBe(first.sha256);
  });

  it("has the same bytes in every time zone", async () => {
    const model = modelIn("model", { MLmodel: "flavors: {}\n" });
    const zones = Intl.supportedValuesOf("timeZone");
    const before = process.env.TZ;
    const found = new Set<string>();
    try {
      for (const zone of zones) {
        process.env.TZ = zone;
        found.add((await packModel(model, archive)).sha256);
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
    expect(zones.length).toBeGreaterThan(300);
    expect(found.size).toBe(1);
  });

  it("has the same bytes in other processes, which live elsewhere", async () => {
    const model = modelIn("model");
    const { sha256 } = await packModel(model, archive);
    const program = await bundleProgram("test/support/archive-program.ts", folder);
    for (const TZ of ["America/New_York", "Asia/Tokyo"]) {
      const said = await succeed(process.execPath, [program, "pack", model, join(folder, "there.zip")], {
        cwd: folder,
        env: { TZ, LANG: "tr_TR.UTF-8" },
      });
      expect(JSON.parse(said)).toMatchObject({ sha256 });
    }
    // As of today: nobody's archives change by an update of what we pack with, unless this says so.
    expect(sha256).toBe(KNOWN_SHA256);
  });

  it("stores what deflates badly, and deflates the rest", async () => {
    const { sizeBytes } = await packModel(modelIn("model"), archive);
    const content = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    expect(sizeBytes).toBeGreaterThan(300_000);
    expect(sizeBytes).toBeLessThan(310_000);
    expect((await packModel(join(folder, "model"), archive, { level: 0 })).sizeBytes).toBeGreaterThan(content);
  });

  it("gives back what was packed, whatever that is", async () => {
    const segment = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."ab.-_é漢😀 ") });
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.tuple(fc.nat(400_000), fc.nat(255)).map(([length, value]) => new Uint8Array(length).fill(value)),
      fc.nat(150_000).map(noise),
    );
    const level = fc.integer({ min: 0, max: 9 }) as fc.Arbitrary<CompressionLevel>;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(path, content, { maxKeys: 6 }), level, async (others, level) => {
        const model = join(folder, `${++run}`);
        try {
          writeFilesBelow(model, { ...others, MLmodel: "flavors: {}\n" });
        } catch {
          // A file and a directory of one name: no disk takes that either.
          return;
        }
        let packed: PackedModel;
        try {
          packed = await packModel(model, archive, { level });
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
          return;
        }
        const copy = await unpackModel(archive, `${model}-copy`);
        expect(filesBelow(copy)).toEqual(filesBelow(model));
        expect((await packModel(copy, archive, { level })).sha256).toBe(packed.sha256);
      }),
      { numRuns: 60 },
    );
  });
});

describe("packModel refuses", () => {
  async function expectRefused(message: RegExp, options: PackOptions = {}, code = "INVALID_PARAMETER_VALUE") {
    const before = readdirSync(folder);
    await expect(packModel(join(folder, "model"), archive, options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder)).toEqual(before);
  }

  it("what is no directory, or holds no model", async () => {
    await expectRefused(/directory: .*model is no directory/);
    writeFileSync(join(folder, "model"), "");
    await expectRefused(/directory: .*model is no directory/);
    await expect(packModel(modelIn("other", { "sub/MLmodel": "" }), archive)).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: `directory: ${join(folder, "other")} holds no MLmodel`,
    });
  });

  it("links and pipes, by name", async () => {
    const model = modelIn("model");
    symlinkSync("MLmodel", join(model, "data/link"));
    await expectRefused(/model\/data\/link is a link; an archive holds files and directories only$/);
    const piped = modelIn("piped");
    await succeed("mkfifo", [join(piped, "pipe")], { cwd: folder });
    await expect(packModel(piped, archive)).rejects.toThrow(/piped\/pipe is a pipe/);
  });

  it("names that are not the same everywhere", async () => {
    modelIn("model", { ...files, "DATA.txt": "", "data.TXT": "" });
    await expectRefused(/"data\.TXT", which is the same name as "DATA\.txt" on some systems/);
    const backslash = modelIn("other", { ...files, "a\\b": "" });
    await expect(packModel(backslash, archive)).rejects.toThrow(/holds "a\\\\b", which holds a backslash/);
  });

  it("more than a zip holds, before it writes anything", async () => {
    const model = modelIn("model");
    // A file of nothing, which takes no room on the disk.
    writeFileSync(join(model, "large.bin"), "");
    truncateSync(join(model, "large.bin"), 2 ** 32 - 1_000_000);
    await expectRefused(/holds 42\d+ bytes; an archive \(zip without zip64\) holds less than 4 GiB/);
  });

  it("to pack the archive itself", async () => {
    const model = modelIn("model");
    for (const place of ["model.zip", "data/model.zip"]) {
      await expect(packModel(model, join(model, place))).rejects.toMatchObject({
        code: "INVALID_PARAMETER_VALUE",
        message: expect.stringContaining("archiveFile"),
      });
    }
    symlinkSync(join(model, "data"), join(folder, "link"));
    await expect(packModel(model, join(folder, "link/model.zip"))).rejects.toThrow(/outside of the model's directory/);
    // A name that begins alike is none below it.
    mkdirSync(join(folder, "model-2"));
    await packModel(model, join(folder, "model-2/model.zip"));
  });

  it("files that change meanwhile", async () => {
    const model = modelIn("model");
    let isChanged = false;
    const onProgress = () => {
      if (!isChanged) appendFileSync(join(model, "model.onnx"), "more");
      isChanged = true;
    };
    await expectRefused(/model\.onnx was changed while it was packed/, { onProgress }, "INVALID_STATE");
  });

  it("wrong arguments", async () => {
    const model = modelIn("model");
    for (const [args, message] of [
      [["", archive], /^directory: got ""/],
      [[model, undefined], /^archiveFile: got undefined/],
      [[model, archive, { level: 10 }], /^options\.level: /],
      [[model, archive, { signal: 1 }], /^options\.signal: /],
      [[model, archive, { compression: 1 }], /unknown option "compression"/],
    ] as const) {
      await expect(packModel(...(args as unknown as Parameters<typeof packModel>))).rejects.toMatchObject({
        code: "INVALID_PARAMETER_VALUE",
        message: expect.stringMatching(message),
      });
    }
  });
});

describe("packModel", () => {
  it("tells how far it is, and can be stopped at any moment", async () => {
    const model = modelIn("model");
    const totalBytes = Object.values(files).reduce((sum, file) => sum + Buffer.byteLength(file), 0);
    const seen: number[] = [];
    await packModel(model, archive, {
      onProgress: (progress) => {
        expect(progress.totalBytes).toBe(totalBytes);
        expect(Object.keys(files)).toContain(progress.file);
        seen.push(progress.transferredBytes);
      },
    });
    expect(seen.at(-1)).toBe(totalBytes);
    expect(seen.length).toBeGreaterThan(10);
    const { mtimeMs } = statSync(archive);
    for (let after = 0; after <= seen.length; after += 3) {
      const stop = new AbortController();
      if (after === 0) stop.abort();
      let told = 0;
      const onProgress = () => {
        if (++told === after) stop.abort();
      };
      await expect(packModel(model, archive, { signal: stop.signal, onProgress })).rejects.toMatchObject({
        code: "CANCELLED",
      });
    }
    expect(readdirSync(folder).sort()).toEqual(["model", "model.zip"]);
    expect(statSync(archive).mtimeMs).toBe(mtimeMs);
  });

  it("lets the event loop turn", async () => {
    const model = modelIn("model", { ...files, "large.bin": new Uint8Array(20_000_000) });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await packModel(model, archive);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
  });

  it("says where it cannot write", async () => {
    const model = modelIn("model");
    await expect(packModel(model, join(folder, "absent/model.zip"))).rejects.toMatchObject({ code: "STORAGE_GONE" });
    mkdirSync(join(archive, "sub"), { recursive: true });
    await expect(packModel(model, archive)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      message: expect.stringContaining(archive),
    });
    expect(readdirSync(folder).sort()).toEqual(["model", "model.zip"]);
  });
});
