import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { beforeEach, describe, expect, it, test } from "vitest";
import { packModel } from "../../src/models/archive/pack-model.ts";
import { unpackModel } from "../../src/models/archive/unpack-model.ts";
import { bundleProgram } from "../support/bundled-program.ts";
import { succeed } from "../support/child.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { filesBelow, writeFilesBelow } from "../support/model-files.ts";
import { bunPath, denoPath, leftOut, nodePath } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import { randomFrom } from "../support/random.ts";
import { zipOf } from "../support/zip-builder.ts";

let folder: string;
let model: string;

beforeEach(() => {
  folder = temporaryDirectory();
  const random = randomFrom(11);
  model = writeFilesBelow(join(folder, "model"), {
    MLmodel: "flavors: {}\n",
    "model.onnx": Uint8Array.from({ length: 500_000 }, () => random() * 256),
    "data/empty": "",
    "data/text.txt": "the same line again\n".repeat(20_000),
    "data/模型 é.txt": "x",
  });
});

describe.skipIf(leftOut("python"))("Python's zipfile", () => {
  it("unpacks what we pack", async () => {
    await packModel(model, join(folder, "model.zip"));
    const found = await runPython("zipfiles.py", ["read", join(folder, "model.zip"), join(folder, "copy")], folder);
    expect(found).toEqual({
      names: ["MLmodel", "data/empty", "data/text.txt", "data/模型 é.txt", "model.onnx"],
      times: [[1980, 1, 1, 12, 0, 0]],
      modes: ["0o100644"],
      extra: 0,
    });
    expect(filesBelow(join(folder, "copy"))).toEqual(filesBelow(model));
  });

  it("packs what we unpack, in each of its ways", async () => {
    await runPython("zipfiles.py", ["write", model, folder], folder);
    const archives = Object.keys(filesBelow(folder)).filter((name) => name.endsWith(".zip"));
    expect(archives).toHaveLength(8);
    for (const name of archives) {
      const copy = await unpackModel(join(folder, name), join(folder, `${name}-unpacked`));
      expect(filesBelow(copy), name).toEqual(filesBelow(model));
    }
  });
});

describe("other runtimes", () => {
  const runtimes = {
    node24: () => [nodePath(24)],
    bun: () => [bunPath()],
    deno: () => [denoPath(), "run", "--no-config", "--allow-read", "--allow-write"],
  } as const;

  for (const [name, command] of Object.entries(runtimes))
    test.skipIf(leftOut(name as "bun"))(`${name} packs the same bytes, and unpacks them`, async () => {
      const program = await bundleProgram("test/support/archive-program.ts", folder);
      const [executable = "", ...args] = command();
      const call = async (...more: string[]) =>
        JSON.parse(await succeed(executable, [...args, program, ...more], { cwd: folder }));
      const ours = await packModel(model, join(folder, "ours.zip"));
      const theirs = join(folder, "theirs.zip");
      expect(await call("pack", model, theirs)).toEqual({ ...ours, file: theirs });
      const copy = join(folder, "copy");
      expect(await call("unpack", theirs, copy)).toBe(copy);
      expect(filesBelow(copy)).toEqual(filesBelow(model));
      // What zlib tells of itself is another's code in each of them.
      const packed = deflateRawSync("text ".repeat(1_000));
      const hostile = {
        "bytes behind the end": Buffer.concat([packed, Buffer.from("hidden")]),
        "bytes behind the end of": Buffer.concat([packed, Buffer.alloc(1_000_000, 7)]),
        "cannot be inflated": packed.subarray(0, -3),
        "gives more bytes than it declares": deflateRawSync(Buffer.alloc(30_000_000)),
      };
      for (const [message, packed] of Object.entries(hostile)) {
        const archive = join(folder, "hostile.zip");
        const facts = { method: 8, sizeBytes: 5_000, packed };
        writeFileSync(archive, zipOf([{ name: "MLmodel", ...facts }]));
        expect(await call("unpack", archive, join(folder, "never"))).toMatchObject({
          code: "DATA_DAMAGED",
          message: expect.stringContaining(message),
        });
      }
      expect(Object.keys(filesBelow(folder)).some((path) => path.includes("never") || path.includes(".tmp"))).toBe(
        false,
      );
    });
});
