import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What tidemark works with where it is installed. */
const OPTIONAL = [
  "@tensorflow/tfjs",
  "@tensorflow/tfjs-node",
  "onnxruntime-node",
  "onnxruntime-web",
  "@aws-sdk/credential-provider-node",
  "hyparquet-writer",
] as const;

/** Those that a program in the current directory would find. */
export function optionalPackages(): { readonly name: string; readonly version: string }[] {
  const { resolve } = createRequire(pathToFileURL(join(process.cwd(), "program.js")));
  return OPTIONAL.flatMap((name) => {
    for (const folder of resolve.paths(name) ?? []) {
      const version = versionIn(join(folder, name));
      if (version !== undefined) return { name, version };
    }
    return [];
  });
}

// Read as a file: many packages don't export their package.json.
function versionIn(folder: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: unknown };
    return String(version);
  } catch {
    return undefined;
  }
}
