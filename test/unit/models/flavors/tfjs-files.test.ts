import { readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { readTfjsFiles, writeTfjsFiles } from "../../../../src/models/flavors/tfjs-files.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { filesOf } from "../../../support/small-models.ts";

const MIB = 2 ** 20;

/** Bytes that tell where they are. */
const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) + seed) & 255);

describe("files of TensorFlow.js", () => {
  it("have weights in shards of 4 MiB, however they come", async () => {
    const directory = temporaryDirectory();
    const parts = [bytes(3 * MIB, 1), bytes(0, 2), bytes(6 * MIB, 3), bytes(12, 4)];
    const sizeBytes = 9 * MIB + 12;
    const weightSpecs = [{ name: "w", shape: [sizeBytes / 4], dtype: "float32" }];
    const topology = {
      modelTopology: { class_name: "Sequential" },
      format: "layers-model",
      userDefinedMetadata: { a: 1 },
    };
    await writeTfjsFiles(directory, { ...topology, weightSpecs, weightData: parts.map(({ buffer }) => buffer) });
    const shards = [1, 2, 3].map((number) => `group1-shard${number}of3.bin`);
    expect(filesOf(directory)).toEqual([...shards, "model.json"]);
    expect(shards.map((name) => statSync(join(directory, name)).size)).toEqual([4 * MIB, 4 * MIB, MIB + 12]);
    expect(JSON.parse(readFileSync(join(directory, "model.json"), "utf8"))).toEqual({
      ...topology,
      weightsManifest: [{ paths: shards, weights: weightSpecs }],
    });
    const { weightData, ...rest } = await readTfjsFiles(directory);
    expect(rest).toEqual({ ...topology, weightSpecs });
    expect(Buffer.compare(Buffer.from(weightData as ArrayBuffer), Buffer.concat(parts))).toBe(0);
  });

  it("may have no weights, and weights that are texts", async () => {
    const none = temporaryDirectory();
    await writeTfjsFiles(none, { modelTopology: {} });
    expect(await readTfjsFiles(none)).toEqual({ modelTopology: {}, weightSpecs: [], weightData: new ArrayBuffer(0) });
    const { data, specs } = await tf.io.encodeWeights({ words: tf.tensor(["a", "bcd"]) });
    const texts = temporaryDirectory();
    await writeTfjsFiles(texts, { weightSpecs: specs as never, weightData: data });
    const read = await readTfjsFiles(texts);
    expect(read.weightSpecs).toEqual(specs);
    expect(read.weightData).toEqual(data);
  });

  it("are read with quantized weights", async () => {
    const directory = temporaryDirectory();
    const quantization = { dtype: "uint8", scale: 0.1, min: 0 };
    const weightSpecs = [{ name: "w", shape: [3], dtype: "float32", quantization }];
    await writeTfjsFiles(directory, { weightSpecs, weightData: Uint8Array.of(1, 2, 3).buffer });
    expect((await readTfjsFiles(directory)).weightSpecs).toEqual(weightSpecs);
  });

  it.skipIf(process.platform !== "linux")("say where the disk is full", async () => {
    const directory = temporaryDirectory();
    symlinkSync("/dev/full", join(directory, "model.json"));
    await expect(writeTfjsFiles(directory, {})).rejects.toMatchObject({ code: "STORAGE_FULL" });
  });
});
