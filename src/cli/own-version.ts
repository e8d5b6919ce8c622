import { createRequire } from "node:module";

/** The version of this package, which finds its own package.json by its own name. */
export function ownVersion(): string {
  const { version } = createRequire(import.meta.url)("tidemark/package.json") as { version: string };
  return version;
}
