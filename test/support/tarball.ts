import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { succeed } from "./child.ts";
import { repository } from "./repository.ts";

/** What `npm publish` would publish. */
export interface Tarball {
  readonly file: string;
  /** Paths inside the package, sorted. */
  readonly paths: readonly string[];
}

/** Packs the package (built before) into a folder. */
export async function packInto(folder: string): Promise<Tarball> {
  const output = await succeed("npm", ["pack", "--json", "--pack-destination", folder], { cwd: repository });
  const [packed] = JSON.parse(output) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack said nothing of a package: ${output}`);
  return { file: join(folder, packed.filename), paths: packed.files.map(({ path }) => path).sort() };
}

/** An empty folder outside the repository, where nothing of the repository's `node_modules` is found. */
export function makeTempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "tidemark-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Makes `import "tidemark"` in a folder find the build in the repository, without packing and installing it. */
export function linkRepositoryInto(folder: string): void {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(repository, join(folder, "node_modules", "tidemark"), "dir");
}
