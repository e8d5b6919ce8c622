import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The programs that `npm run setup` installs, and a browser from the system's packages. */
export type Peer = "python" | "bun" | "deno" | "node22" | "node24" | "node26" | "versitygw" | "chromium";

/** Where Debian's package puts it. */
export const CHROMIUM_PATH = "/usr/bin/chromium";

const cache = fileURLToPath(new URL("../../.cache/", import.meta.url));

/** Python with MLflow and TensorBoard. */
export const pythonPath = (): string => required("python");
export const bunPath = (): string => required("bun");
export const denoPath = (): string => required("deno");
/** A storage that speaks S3. */
export const versitygwPath = (): string => required("versitygw");
/** A Node beside the one that runs the tests. */
export const nodePath = (major: 22 | 24 | 26): string => required(`node${major}`);

/**
 * Whether a suite must be left out because a peer is not installed, for `describe.skipIf(leftOut("python"))`. Says so; in CI
 * it throws instead.
 */
export function leftOut(...peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => find(peer) === undefined);
  if (missing.length === 0) return false;
  const message = missing.map(absence).join("; ");
  if (process.env.CI) throw new Error(message);
  console.warn(`LEFT OUT: ${message}`);
  return true;
}

function required(peer: Peer): string {
  const path = find(peer);
  if (path === undefined) throw new Error(absence(peer));
  return path;
}

const absence = (peer: Peer) =>
  `no ${peer}: \`${peer === "chromium" ? "apt-get install chromium" : "npm run setup"}\` installs it`;

/** The set-up writes the stamp last: without it the peer is absent or half made. */
function find(peer: Peer): string | undefined {
  if (peer === "chromium") return existsSync(CHROMIUM_PATH) ? CHROMIUM_PATH : undefined;
  try {
    return (JSON.parse(readFileSync(join(cache, peer, "stamp.json"), "utf8")) as { program: string }).program;
  } catch {
    return undefined;
  }
}
