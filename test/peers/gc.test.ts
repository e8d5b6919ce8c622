import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { gc } from "../../src/sync/gc/gc.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runMlflow, runPython } from "../support/python.ts";

type Made = Record<"active" | "deleted" | "used" | "inGone" | "model" | "kept" | "gone", string>;

describe.skipIf(leftOut("python"))("a store of Python", () => {
  const make = async (mlruns: string, cwd: string) => (await runPython("gc.py", ["make", mlruns], cwd)) as Made;
  const read = (mlruns: string, cwd: string) => runPython("gc.py", ["read", mlruns], cwd);

  it("is cleaned of what Python has deleted, and Python reads the rest", async () => {
    const cwd = temporaryDirectory();
    const mlruns = join(cwd, "mlruns");
    const made = await make(mlruns, cwd);
    const { purged, kept } = await gc({ store: mlruns, olderThanMs: 0, dryRun: false });
    expect(purged.map(({ kind, id }) => [kind, id]).sort()).toEqual(
      [
        ["run", made.deleted],
        ["run", made.inGone],
        ["logged-model", made.model],
        ["experiment", made.gone],
      ].sort(),
    );
    expect(kept).toMatchObject([{ id: made.used, reason: 'version 1 of model "digits" refers to it' }]);
    expect(existsSync(join(mlruns, ".trash", made.gone))).toBe(false);
    expect(existsSync(join(mlruns, made.kept, "models", made.model))).toBe(false);
    expect(await read(mlruns, cwd)).toEqual({
      experiments: ["Default", "kept"],
      runs: { [made.active]: "active", [made.used]: "deleted" },
      losses: [0.5, 0.5],
      files: ["notes/a.txt", "notes/a.txt"],
      models: 0,
      versions: [made.used],
    });
    expect((await gc({ store: mlruns, olderThanMs: 0, dryRun: false })).purged).toEqual([]);
  });

  it("is cleaned by Python of what was deleted here, which finds nothing that is only half there", async () => {
    const cwd = temporaryDirectory();
    const mlruns = join(cwd, "mlruns");
    const made = await make(mlruns, cwd);
    const client = await connect(mlruns);
    await client.runs.delete(made.active);
    await gc({ store: client, olderThanMs: 0, dryRun: false });
    await runMlflow(["gc", "--backend-store-uri", mlruns, "--tracking-uri", mlruns], cwd);
    expect(await read(mlruns, cwd)).toMatchObject({ experiments: ["Default", "kept"], runs: {} });
  });
});
