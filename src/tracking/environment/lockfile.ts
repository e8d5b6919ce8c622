import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

// npm prefers a shrinkwrap to the package-lock.json beside it.
const LOCKFILES = [
  "npm-shrinkwrap.json",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
  "bun.lockb",
  "deno.lock",
];

const MAX_LOCKFILE_BYTES = 128 * 1024 * 1024;

/** Name and hash of the nearest lockfile at or above a directory: two runs with the same one had the same packages. */
export async function describeLockfile(directory: string): Promise<string | undefined> {
  for (const name of LOCKFILES) {
    const content = await readLockfile(join(directory, name));
    if (content !== undefined) return `${name} sha256:${createHash("sha256").update(content).digest("hex")}`;
  }
  const parent = dirname(directory);
  return parent === directory ? undefined : await describeLockfile(parent);
}

async function readLockfile(path: string): Promise<Uint8Array | undefined> {
  try {
    // Reading a pipe of that name would never end.
    const { size, isFile } = await stat(path).then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    return isFile && size <= MAX_LOCKFILE_BYTES ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}
