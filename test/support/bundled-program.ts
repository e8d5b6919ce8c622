import { join } from "node:path";
import { build } from "esbuild";
import { repository } from "./repository.ts";

/** Makes a program in TypeScript, by its path in the repository, into one file that every runtime takes; answers its path. */
export async function bundleProgram(path: string, directory: string): Promise<string> {
  const outfile = join(directory, "program.mjs");
  await build({
    entryPoints: [join(repository, path)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  return outfile;
}
