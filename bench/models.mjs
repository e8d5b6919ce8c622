// Cases of models: what exporting and packing cost beside the least that must be done with the same bytes.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { alternate, atLeast, atMost, runCase, withDirectory } from "./harness.mjs";
import { sized } from "./options.mjs";

const MB = 1e6;
/** What a call may need beside the model itself. */
const MORE_MEMORY_MB = 150;

const sizeMb = sized(100, 4);

const predictions = sized(20_000, 2_000);
/** What a save or load may take of the time in which the same bytes are copied and hashed. */
const MOST_TIMES_A_COPY = 1.5;
/** What asking a model may cost beside its session. */
const MOST_OVERHEAD_US = 10;

export const modelCases = {
  async modelSaveLoad() {
    await withDirectory(async (directory) => {
      const file = join(directory, "dense.onnx");
      await runCase("onnx-export.mjs", ["file", sizeMb, file]);
      const variant = (what) => () => runCase("model-save-load.mjs", [what, sizeMb, file]);
      const times = await alternate({
        copyAndHash: variant("copyAndHash"),
        savePath: variant("savePath"),
        saveBytes: variant("saveBytes"),
        bareSession: variant("bareSession"),
        load: variant("load"),
      });
      const { copyAndHash, savePath, saveBytes, bareSession, load } = times;
      const saves = { "a path": savePath, bytes: saveBytes };
      for (const [what, save] of Object.entries(saves)) {
        const than = `${sizeMb} MB of ONNX saved from ${what} (${ms(save)}), time / copy and SHA-256 (${ms(copyAndHash)})`;
        atMost("modelSaveLoad", than, save.elapsedMs / copyAndHash.elapsedMs, MOST_TIMES_A_COPY, "x", 2);
        mostMemory("modelSaveLoad", `a save from ${what}`, save, sizeMb);
      }
      const beside = (load.elapsedMs - bareSession.elapsedMs) / copyAndHash.elapsedMs;
      const sessions = `loaded (${ms(load)}) beside its bare session (${ms(bareSession)})`;
      atMost("modelSaveLoad", `the same ${sessions}, time / copy and SHA-256`, beside, MOST_TIMES_A_COPY, "x", 2);
      mostMemory("modelSaveLoad", "a load, with the session", load, 2 * sizeMb);
    });
  },
  async modelPredict() {
    const { predict } = await alternate({ predict: () => runCase("model-predict.mjs", ["both", predictions]) });
    const { oursUs, bareUs } = predict;
    const what = `predict of a small MLP (${oursUs.toFixed(1)} µs) beside session.run (${bareUs.toFixed(1)} µs)`;
    atMost("modelPredict", what, oursUs - bareUs, MOST_OVERHEAD_US, " µs", 1);
  },
  async onnxExport() {
    const { memoryCopy, tidemark } = await alternate({
      memoryCopy: () => runCase("onnx-export.mjs", ["memoryCopy", sizeMb]),
      tidemark: () => runCase("onnx-export.mjs", ["tidemark", sizeMb]),
    });
    const limitMs = 4 * memoryCopy.elapsedMs + 1_000;
    const what = `export of ${sizeMb} MB of weights, which are copied in ${ms(memoryCopy)}: 4 times that and a second`;
    atMost("onnxExport", what, tidemark.elapsedMs, Math.round(limitMs), " ms", 0);
    mostMemory("onnxExport", "an export", tidemark, sizeMb);
  },
  async archive() {
    await withDirectory(async (directory) => {
      // Weights are stored as they are, texts and weights of a narrow range are deflated.
      const models = { weights: noise, quantized };
      for (const [name, fill] of Object.entries(models)) {
        const model = writeModel(join(directory, name), fill);
        const [ours, theirs] = ["ours", "theirs"].map((by) => join(directory, `${name}-by-${by}.zip`));
        const variant = (what, archive) => () => runCase("archive.mjs", [what, sizeMb, model, archive]);
        await variant("pack", ours)();
        const { fflateZip, pack, fflateUnzip, unpack } = await alternate({
          fflateZip: variant("fflateZip", theirs),
          pack: variant("pack", ours),
          // Both unpack ours.
          fflateUnzip: variant("fflateUnzip", ours),
          unpack: variant("unpack", ours),
        });
        const than = (ours, theirs) => `${sizeMb} MB of ${name}, rate / fflate (${ms(ours)} against ${ms(theirs)})`;
        atLeast("archive", `packModel of ${than(pack, fflateZip)}`, fflateZip.elapsedMs / pack.elapsedMs, 0.9, "x");
        atLeast(
          "archive",
          `unpackModel of ${than(unpack, fflateUnzip)}`,
          fflateUnzip.elapsedMs / unpack.elapsedMs,
          0.9,
          "x",
        );
        mostMemory("archive", `packModel of ${name}`, pack, sizeMb);
        mostMemory("archive", `unpackModel of ${name}`, unpack, sizeMb);
      }
    });
  },
};

const ms = ({ elapsedMs }) => `${elapsedMs.toFixed(0)} ms`;

/** The process's largest resident size, by what it had before the call: the runtime and what it has loaded. */
function mostMemory(bench, what, { growthMb }, modelMb) {
  atMost(bench, `resident growth of ${what}, a model of ${modelMb} MB`, growthMb, modelMb + MORE_MEMORY_MB, " MB", 0);
}

/** A model's directory of `sizeMb` MB in one file of weights. */
function writeModel(directory, fill) {
  mkdirSync(directory);
  writeFileSync(join(directory, "MLmodel"), "flavors: {}\n");
  const piece = Buffer.alloc(MB);
  const file = openSync(join(directory, "weights.bin"), "w");
  for (let written = 0; written < sizeMb; written++) {
    fill(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return directory;
}

let state = 42;
function next() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state;
}

/** float32 numbers as weights are: around 0, their last digits random. */
function noise(piece) {
  for (let at = 0; at < piece.length; at += 4) piece.writeFloatLE((next() / 2 ** 32 - 0.5) * 0.1, at);
}

/** float32 numbers of 16 values each. */
function quantized(piece) {
  for (let at = 0; at < piece.length; at += 4) piece.writeFloatLE((next() >>> 28) / 16 - 0.5, at);
}
