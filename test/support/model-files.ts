import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What lies below a directory by path, as texts of one character a byte. Empty directories end with a slash. */
export function filesBelow(directory: string, prefix = ""): Record<string, string> {
  const entries = readdirSync(join(directory, prefix), { withFileTypes: true });
  if (entries.length === 0 && prefix !== "") return { [prefix]: "" };
  return Object.assign(
    {},
    ...entries.map((entry) =>
      entry.isDirectory()
        ? filesBelow(directory, `${prefix}${entry.name}/`)
        : { [`${prefix}${entry.name}`]: readFileSync(join(directory, prefix, entry.name), "latin1") },
    ),
  );
}

/** Writes files below a directory, in the order in which they are given. */
export function writeFilesBelow(directory: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}
