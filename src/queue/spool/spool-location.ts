import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { readEnv } from "../../base/env.ts";
import { homeDirectory } from "../../base/user-places.ts";

/**
 * The directory of the spool: `TIDEMARK_SPOOL_DIR`, else where the platform keeps the state of programs
 * (`$XDG_STATE_HOME` or `~/.local/state`, `~/Library/Application Support`, `%LOCALAPPDATA%`).
 */
export function defaultSpoolDirectory(): string {
  const chosen = readEnv("TIDEMARK_SPOOL_DIR");
  return chosen === undefined ? join(stateDirectory(), "tidemark", "spool") : resolve(chosen);
}

function stateDirectory(): string {
  if (process.platform === "win32") return readEnv("LOCALAPPDATA") ?? join(homeDirectory(), "AppData", "Local");
  if (process.platform === "darwin") return join(homeDirectory(), "Library", "Application Support");
  return readEnv("XDG_STATE_HOME") ?? join(homeDirectory(), ".local", "state");
}

/** The part of a spool that belongs to one backend and identity. */
export const identityDirectory = (root: string, identity: string): string =>
  join(root, createHash("sha256").update(identity).digest("hex").slice(0, 16));
