import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The programs that `npm run setup` installs. */
export type Peer = "python" | "bun" | "deno" | "node24";

const cache = fileURLToPath(new URL("../../.cache/", import.meta.url));

/** Python with MLflow. */
export const pythonPath = (): string => required("python");
export const bunPath = (): string => required("bun");
export const denoPath = (): string => required("deno");
/** A Node beside the one that runs the tests. */
export const nodePath = (major: 24): string => required(`node${major}`);

/**
 * Whether a suite must be left out because a peer is not installed, for `describe.skipIf(leftOut("python"))`. Says so; in CI
 * it throws instead.
 */
export function leftOut(...peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => find(peer) === undefined);
  if (missing.length === 0) return false;
  const message = `no ${missing.join(", ")}: \`npm run setup\` installs it`;
  if (process.env.CI) throw new Error(message);
  console.warn(`LEFT OUT: ${message}`);
  return true;
}

function required(peer: Peer): string {
  const path = find(peer);
  if (path === undefined) throw new Error(`no ${peer}: \`npm run setup\` installs it`);
  return path;
}

/** The set-up writes the stamp last: without it the peer is absent or half made. */
function find(peer: Peer): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(cache, peer, "stamp.json"), "utf8")) as { program: string }).program;
  } catch {
    return undefined;
  }
}
