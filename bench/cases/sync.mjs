// A directory of runs, copied: by `cp -r`, which knows nothing of runs; by `sync`; and once more by `sync`, which finds all of it there.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { sync } from "tidemark/sync";
import { count, report, scratchDirectory, variant } from "./support.mjs";

const [, , , , directory] = process.argv;
const target = join(scratchDirectory(), "mlruns");

function cp() {
  const { status, stderr } = spawnSync("cp", ["-r", directory, target]);
  if (status !== 0) throw new Error(stderr.toString());
}

async function copy() {
  const { copied, failures } = await sync({ from: directory, to: target });
  if (copied.values !== count || failures.length > 0) throw new Error(JSON.stringify({ copied, failures }));
}

async function again() {
  const { isEqual } = await sync({ from: directory, to: target });
  if (!isEqual) throw new Error("the second sync copied something");
}

if (variant === "again") await copy();
const begun = performance.now();
await { cp, copy, again }[variant]();
report({ elapsedMs: performance.now() - begun });
