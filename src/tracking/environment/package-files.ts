import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { processSlot } from "../../base/process-state.ts";

/** The parts of a package.json that matter here, checked. */
export interface PackageFile {
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Names from `dependencies`, `devDependencies`, `optionalDependencies` and `peerDependencies`. */
  readonly dependencies: readonly string[];
}

const DEPENDENCY_FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/** The package.json of a directory; undefined where there is none that can be read. Each is read once: none changes under a program. */
export function readPackageFile(directory: string): PackageFile | undefined {
  const known = processSlot("package-files", () => new Map<string, PackageFile>());
  const cached = known.get(directory);
  if (cached !== undefined) return cached;
  try {
    const file = parsePackageFile(readFileSync(join(directory, "package.json"), "utf8"));
    known.set(directory, file);
    return file;
  } catch {
    return undefined;
  }
}

/** A directory and all that contain it, nearest first. */
export function* upward(directory: string): Generator<string> {
  let current = directory;
  for (;;) {
    yield current;
    const parent = dirname(current);
    if (parent === current) return;
    current = parent;
  }
}

function parsePackageFile(text: string): PackageFile {
  const { name, version, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  return {
    name: typeof name === "string" ? name : undefined,
    version: typeof version === "string" ? version : undefined,
    dependencies: DEPENDENCY_FIELDS.flatMap((field) => Object.keys(rest[field] ?? {})),
  };
}
