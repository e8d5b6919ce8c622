import { packModel } from "../../src/models/archive/pack-model.ts";
import { unpackModel } from "../../src/models/archive/unpack-model.ts";

// Packs a directory, or unpacks an archive, in another process: prints what that answers, or the error.
const [what, from = "", to = ""] = process.argv.slice(2);
try {
  console.log(JSON.stringify(what === "pack" ? await packModel(from, to) : await unpackModel(from, to)));
} catch (error) {
  const { code, message } = error as { code?: string; message?: string };
  console.log(JSON.stringify({ code, message }));
}
