// Parts of src/ that no entry of the package shows, as one file that a case can import.
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./harness.mjs";

/** Answers the path of a file with these exports; packages stay outside, so it lies where they are found. */
export async function bundle(name, exports) {
  const outfile = join(root, `.cache/bench/${name}.mjs`);
  const contents = Object.entries(exports)
    .map(([path, names]) => `export { ${names.join(", ")} } from "./src/${path}";`)
    .join("\n");
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  return outfile;
}
