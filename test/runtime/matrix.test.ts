import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { succeed } from "../support/child.ts";
import { hosts } from "../support/hosts.ts";
import { MODULE_KINDS, ONNX_RUNTIMES, programName } from "../support/installed-project.ts";
import { runDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";

// Every program in every runtime, as either kind of module. What is promised is what a user's own program sees, so the programs
// print it; what must be there when they are gone is read from the files.

interface Program {
  readonly name: string;
  /** Below test/runtime/programs. */
  readonly file: string;
  readonly ort?: string;
  /** What it prints, an id of a run aside. */
  readonly said?: object;
  /** Files of the run whose id it prints; metric lines without their time. */
  readonly recorded?: Readonly<Record<string, string | RegExp>>;
}

/** MLflow's number for FINISHED in files. */
const FINISHED = /^status: 3$/m;

const smallRun = {
  "meta.yaml": FINISHED,
  "params/lr": "0.1",
  "metrics/loss": "0.1 0\n0.05 1\n0.03333333333333333 2\n",
  "metrics/a": "1.0 0\n",
  "metrics/b": "nan 0\n",
  "tags/kind": "small",
};

const programs: readonly Program[] = [
  {
    name: "runs are logged and found",
    file: "log",
    said: { found: 1, inputs: 1, columns: { steps: [0, 1, 2], values: [0.1, 0.05, 0.1 / 3] } },
    recorded: smallRun,
  },
  { name: "a run that is open at the end of the process is FINISHED, and whole", file: "unended", recorded: smallRun },
  {
    name: "artifacts come back",
    file: "artifacts",
    said: {
      names: ["config", "notes.txt", "plots", "scores.json", "white.png"],
      notes: "hi",
      config: { layers: [4, 2] },
      isEqual: true,
      two: "two",
    },
  },
  {
    name: "autolog records what TensorFlow.js trains",
    file: "autolog-tfjs",
    said: { epochs: 3, steps: 1, optimizers: ["SGD", "Adam"], models: 1 },
  },
  ...ONNX_RUNTIMES.map((ort) => ({
    name: `autolog records what ${ort} does`,
    file: "autolog-ort",
    ort,
    recorded: {
      "meta.yaml": FINISHED,
      "params/model_name": "loss",
      "metrics/loss": "0.0 0\n0.5 1\n1.0 2\n",
      "metrics/steps_per_second": /^[\d.]+ 2\n$/,
    },
  })),
  ...ONNX_RUNTIMES.map((ort) => ({
    name: `a model is registered, and loaded with ${ort} by its alias`,
    file: "registry",
    ort,
    said: { versions: [["loss", 1, ["challenger", "champion"]]], loss: 0.5, doubled: [2, 4] },
  })),
  {
    name: "a report is one file that has the runs",
    file: "report",
    said: { leftOut: 0, isWhole: true, runs: ["rate 0.1", "rate 0.2"], images: 2, curves: 2 },
  },
  { name: "the contract suite runs without a test framework", file: "contract", said: { areKept: true } },
];

const project = inject("installedProject");

for (const { name: hostName, needs, command } of hosts) {
  for (const { kind, compiled } of MODULE_KINDS) {
    describe.skipIf(leftOut(...needs)).concurrent(`on ${hostName}, as ${kind}`, () => {
      for (const { name, file, ort, said = {}, recorded = {} } of programs) {
        test(name, async ({ expect }) => {
          const cwd = mkdtempSync(join(project, "cwd-"));
          const files = join(project, "programs");
          const [program, ...args] = command(join(files, programName(file, ort) + compiled));
          const env = { DENO_DIR: join(project, ".deno") };
          const { runId, ...output } = JSON.parse(await succeed(program, [...args, files], { cwd, env }));
          expect(output).toEqual(said);
          for (const [path, text] of Object.entries(recorded)) {
            const found = runFile(join(cwd, "mlruns"), runId, path);
            if (typeof text === "string") expect(found, path).toBe(text);
            else expect(found, path).toMatch(text);
          }
        });
      }
    });
  }
}

function runFile(store: string, runId: string, path: string): string {
  const text = readFileSync(join(runDirectory(store, runId), path), "utf8");
  return path.startsWith("metrics/") ? text.replace(/^\d{13} /gm, "") : text;
}

test("every program is in the table", () => {
  const written = readdirSync(new URL("programs", import.meta.url)).filter((name) => name.endsWith(".ts"));
  const elsewhere = ["away.ts", "bucket.ts", "elsewhere.ts"];
  expect(new Set([...programs.map(({ file }) => `${file}.ts`), ...elsewhere])).toEqual(new Set(written));
});
