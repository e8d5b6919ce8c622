import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entries } from "../../scripts/entries.mjs";
import { succeed } from "../support/child.ts";
import { linkRepositoryInto, makeTempFolder } from "../support/tarball.ts";

// ESM and CommonJS builds, and split bundles, have modules of their own. Loaded side by side in one process they must still be
// one tidemark: a program may be ESM, a library it uses CommonJS.

/** For every entry, a call that it refuses. A new entry needs a row. */
const REFUSED_CALLS: Readonly<Record<string, string>> = {
  ".": 'dataset({ name: "" })',
  "./backend": 'checkRelativePath("path", "../climbs")',
  "./fs": "fsBackend({ noSuchOption: 1 })",
  "./http": 'httpBackend({ url: "ftp://host" })',
  "./memory": 'memoryBackend().artifacts("memory:").read("../climbs")',
  "./models": "registerFlavor({})",
  "./onnx-export": "exportOnnx({})",
  "./onnxruntime": "autolog({})",
  "./registry": 'parseModelUri("models:/")',
  "./report": 'report("a run", {})',
  "./s3": 's3Artifacts("gs://bucket/x")',
  "./sync": "gc({})",
  "./tfjs": "autolog({})",
};

/** For every entry that is a backend, how a program makes one. */
const BACKENDS: Readonly<Record<string, string>> = {
  "./fs": 'fsBackend({ directory: "./mlruns" })',
  "./memory": "memoryBackend()",
};

interface Copy {
  readonly key: string;
  readonly name: string;
  /** An expression whose value is the namespace. */
  readonly load: string;
}

const copies: readonly Copy[] = entries.flatMap(({ key }) => {
  const specifier = JSON.stringify(key.replace(".", "tidemark"));
  return [
    { key, name: `${key} as ESM`, load: `await import(${specifier})` },
    { key, name: `${key} as CommonJS`, load: `require(${specifier})` },
  ];
});
const roots = copies.filter(({ key }) => key === ".");
const pairs = copies.flatMap((first) =>
  roots.filter((root) => root !== first).map((second) => ({ first, second, names: `${first.name}, ${second.name}` })),
);

const folder = makeTempFolder();
beforeAll(() => linkRepositoryInto(folder.path));
afterAll(() => folder.remove());

/** Runs code in a process where `first`, then `second`, are loaded, and answers the value it leaves in `result`. */
async function inOneProcess(first: Copy, second: Copy, code: string): Promise<unknown> {
  const program = `
    import { createRequire } from "node:module";
    import { fileURLToPath } from "node:url";
    const require = createRequire(process.cwd() + "/");
    const first = ${first.load};
    const second = ${second.load};
    let result;
    ${code}
    console.log(JSON.stringify(result));
  `;
  // Node 20.19 and later can `require` ES modules; 20.18 cannot, so our CommonJS must not need it.
  const flags = ["--no-experimental-require-module", "--input-type=module", "--eval", program];
  return JSON.parse(await succeed(process.execPath, flags, { cwd: folder.path }));
}

describe.each(pairs)("$names", ({ first, second }) => {
  test("an error of one is a TidemarkError of the other", async () => {
    const call = REFUSED_CALLS[first.key];
    if (call === undefined) throw new Error(`no refused call for ${first.key}: add one above`);
    const code = `
      try {
        await first.${call};
      } catch (error) {
        result = { known: error instanceof second.TidemarkError, code: error.code };
      }
    `;
    expect(await inOneProcess(first, second, code)).toEqual({ known: true, code: "INVALID_PARAMETER_VALUE" });
  });

  const backend = BACKENDS[first.key];
  if (backend !== undefined) {
    test("a backend of one records the runs of the other", async () => {
      const code = `
        const client = await second.connect(first.${backend});
        const run = await second.startRun({ client, experiment: "pairs" });
        run.logMetric("loss", 0.5);
        await run.end();
        result = (await client.runs.get(run.id)).metrics;
      `;
      expect(await inOneProcess(first, second, code)).toEqual({ loss: 0.5 });
    });
  }

  if (first.key === ".") {
    test("they share the active run", async () => {
      const code = `
        const run = await first.startRun({ experiment: "pairs" });
        second.activeRun().logMetric("loss", 0.5);
        const seen = second.activeRun() === run;
        await run.end();
        const ended = second.activeRun() === undefined;
        const scoped = await first.withRun({ experiment: "pairs" }, async (inner) => second.activeRun() === inner);
        result = { seen, ended, scoped };
      `;
      expect(await inOneProcess(first, second, code)).toEqual({ seen: true, ended: true, scoped: true });
    });

    test("the end of the process ends the runs of both", async () => {
      const code = `
        const runs = [await first.startRun({ experiment: "both" }), await second.startRun({ experiment: "both" })];
        result = runs.map((run) => fileURLToPath(new URL("meta.yaml", new URL(run.artifactUri, "file:"))));
      `;
      const files = (await inOneProcess(first, second, code)) as string[];
      // 3 is FINISHED.
      for (const file of files) expect(readFileSync(file, "utf8")).toMatch(/^status: 3$/m);
      expect(files).toHaveLength(2);
    });

    test("they share the configuration and the schemes", async () => {
      const code = `
        const backend = (await import("tidemark/memory")).memoryBackend();
        first.registerBackend("here", async () => backend);
        first.configure({ trackingUri: "here://anything", experiment: "configured" });
        const run = await second.startRun();
        await run.end();
        const client = await first.connect(backend);
        result = (await client.experiments.get(run.experimentId)).name;
      `;
      expect(await inOneProcess(first, second, code)).toEqual("configured");
    });
  }
});

test("both copies of autolog hook into a TensorFlow.js once, and either takes the hooks out", async () => {
  const [esm, commonjs] = copies.filter(({ key }) => key === "./tfjs");
  const code = `
    class Optimizer { minimize() {} }
    const original = Optimizer.prototype.minimize;
    first.autolog({ Optimizer });
    const hooked = Optimizer.prototype.minimize;
    second.autolog({ Optimizer }, { everyNBatches: 2 });
    const isOnce = Optimizer.prototype.minimize === hooked && hooked !== original;
    second.autolog({ Optimizer }, { disable: true });
    result = { isOnce, isOut: Optimizer.prototype.minimize === original };
  `;
  expect(await inOneProcess(esm as Copy, commonjs as Copy, code)).toEqual({ isOnce: true, isOut: true });
});
