import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { succeed } from "../support/child.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { bunPath, denoPath, leftOut, nodePath, type Peer } from "../support/peers.ts";
import { repository } from "../support/repository.ts";

const DENO_LOCAL = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run"];

const hosts: readonly { name: string; needs: readonly Peer[]; command: (file: string) => readonly string[] }[] = [
  { name: "Node 24", needs: ["node24"], command: (file) => [nodePath(24), file] },
  { name: "Bun", needs: ["bun"], command: (file) => [bunPath(), file] },
  { name: "Deno", needs: ["deno"], command: (file) => [denoPath(), "run", "--no-prompt", ...DENO_LOCAL, file] },
];

for (const { name, needs, command } of hosts) {
  describe.skipIf(leftOut(...needs))(`on ${name}`, () => {
    test.each([
      ["tfjs-custom-loop.mjs", "100 losses recorded"],
      ["tfjs-fit-dataset.mjs", "stopped by EarlyStopping"],
    ])("examples/%s records what TensorFlow.js trains", async (file, said) => {
      const [program = "", ...args] = command(join(repository, "examples", file));
      expect(await succeed(program, args, { cwd: temporaryDirectory() })).toContain(said);
    });
  });
}
