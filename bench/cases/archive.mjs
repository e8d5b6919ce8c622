// One model into an archive, or out of it: tidemark against fflate alone, with the same level and pieces of the same length.

import { once } from "node:events";
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Unzip, UnzipInflate, UnzipPassThrough, Zip, ZipDeflate } from "fflate";
import { packModel, unpackModel } from "tidemark/models";
import { growthOf, report, variant } from "./support.mjs";

const [, , , , model, archive] = process.argv;
const PIECE_BYTES = 128 * 1_024;
const target = `${archive}-unpacked`;

/** The plainest loop: fflate makes pieces, a stream takes them. */
async function fflateZip() {
  const file = createWriteStream(archive);
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    file.write(chunk);
  });
  for (const name of readdirSync(model)) {
    const entry = new ZipDeflate(name, { level: 6 });
    zip.add(entry);
    for await (const piece of createReadStream(join(model, name), { highWaterMark: PIECE_BYTES })) {
      entry.push(piece, false);
      if (file.writableNeedDrain) await once(file, "drain");
    }
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
  await new Promise((resolve) => file.end(resolve));
}

async function fflateUnzip() {
  mkdirSync(target);
  const files = [];
  const unzip = new Unzip((entry) => {
    const file = createWriteStream(join(target, entry.name));
    files.push(file);
    entry.ondata = (error, chunk, isLast) => {
      if (error) throw error;
      file.write(chunk);
      if (isLast) file.end();
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  unzip.register(UnzipPassThrough);
  for await (const piece of createReadStream(archive, { highWaterMark: PIECE_BYTES })) {
    unzip.push(piece, false);
    for (const file of files) if (file.writableNeedDrain) await once(file, "drain");
  }
  unzip.push(new Uint8Array(0), true);
  await Promise.all(files.map((file) => file.writableFinished || once(file, "finish")));
}

const variants = {
  fflateZip,
  fflateUnzip,
  pack: () => packModel(model, archive),
  unpack: () => unpackModel(archive, target),
};

rmSync(target, { recursive: true, force: true });
report(await growthOf(variants[variant]));
