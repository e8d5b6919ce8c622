import { bunPath, denoPath, nodePath, type Peer } from "./peers.ts";

/** A runtime that tidemark promises to work in. */
export interface Host {
  readonly name: string;
  readonly needs: readonly Peer[];
  /** The program and its first arguments, which run a file; all a tracking SDK asks for is allowed. */
  command(file: string): readonly [program: string, ...args: string[]];
}

// Node 20.18 cannot `require` an ES module; this makes a newer one as strict.
const NO_REQUIRE_ESM = "--no-experimental-require-module";

// Files, the environment, what the system is and git; the network only where runs go to a server; native code for onnxruntime-node.
const DENO_ALLOWED = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run", "--allow-ffi"];

export const hosts: readonly Host[] = [
  { name: `Node ${process.versions.node}`, needs: [], command: (file) => [process.execPath, NO_REQUIRE_ESM, file] },
  ...([22, 24, 26] as const).map((major) => ({
    name: `Node ${major}`,
    needs: [`node${major}`] as const,
    command: (file: string) => [nodePath(major), file] as const,
  })),
  { name: "Bun", needs: ["bun"], command: (file) => [bunPath(), file] },
  {
    name: "Deno",
    needs: ["deno"],
    command: (file) => [denoPath(), "run", "--no-prompt", ...DENO_ALLOWED, "--allow-net=127.0.0.1", file],
  },
];

/** Every program that the hosts need, for suites that run in all of them. */
export const allHosts: readonly Peer[] = hosts.flatMap(({ needs }) => needs);
