import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layerProblems } from "../support/layers.ts";
import { parseModule, readTree } from "../support/modules.ts";
import { manifest, repository } from "../support/repository.ts";

/** Above this many lines a file probably holds two ideas. */
const LONG_FILE_LINES = 300;

const suite = [...readTree(join(repository, "test/contract"), ".ts")]
  .filter(([path]) => !path.endsWith(".test.ts"))
  .map(([path, text]) => [`../test/contract/${path}`, text] as const);
const sources = new Map([...readTree(join(repository, "src"), ".ts"), ...suite]);
const entryFolders = Object.keys(manifest.exports)
  .filter((key) => key.startsWith("./") && key !== "./package.json")
  .map((key) => key.slice("./".length));
const dependencies = Object.keys(manifest.dependencies);

test("src/ keeps to the layers of docs/architecture.md", () => {
  for (const [path, text] of sources) {
    const { lines } = parseModule(path, text);
    // Said, not refused: now and then one idea is that long.
    if (lines > LONG_FILE_LINES) console.warn(`src/${path} has ${lines} lines`);
  }
  expect(layerProblems(sources, { entryFolders, dependencies })).toEqual([]);
});

describe("the check notices", () => {
  const problemsOf = (files: Record<string, string>) =>
    layerProblems(new Map(Object.entries(files)), { entryFolders: ["fs", "backend"], dependencies: [] });

  test.each<[string, Record<string, string>, string]>([
    ["an arrow upwards", { "base/a.ts": 'import "../fs/b.ts"', "fs/b.ts": "" }, "base/ may not import fs/"],
    ["an arrow between backends", { "fs/a.ts": 'import "../s3/b.ts"', "s3/b.ts": "" }, "fs/ may not import s3/"],
    ["a type import", { "base/a.ts": 'import type { B } from "../fs/b.ts"', "fs/b.ts": "" }, "may not import"],
    ["a type in place", { "base/a.ts": 'let b: import("../fs/b.ts").B', "fs/b.ts": "" }, "may not import"],
    ["a lazy import", { "base/a.ts": 'const b = await import("../fs/b.ts")', "fs/b.ts": "" }, "may not import"],
    ["a re-export", { "base/a.ts": 'export { b } from "../fs/b.ts"', "fs/b.ts": "" }, "may not import"],
    ["an import of the root", { "fs/a.ts": 'import "../index.ts"', "index.ts": "" }, "the package's root"],
    ["a folder in no row", { "helpers/a.ts": "" }, "in no row"],
    ["a missing suffix", { "base/a.ts": 'import "./b"', "base/b.ts": "" }, "without its .ts"],
    ["a missing file", { "base/a.ts": 'import "./b.ts"' }, "is not there"],
    [
      "the suite in the package",
      { "fs/a.ts": 'import "../../test/contract/b.ts"', "../test/contract/b.ts": "" },
      "imports the contract suite",
    ],
    [
      "a backend in the suite",
      { "../test/contract/a.ts": 'import "../../src/fs/b.ts"', "fs/b.ts": "" },
      "test/contract/ may not import fs/",
    ],
    ["a default export", { "base/a.ts": "export default 1" }, "default export"],
    ["a renamed default export", { "base/a.ts": "const a = 1; export { a as default }" }, "default export"],
    ["an internal index", { "base/index.ts": "" }, "no entry"],
    ["code in an index", { "fs/index.ts": "export const a = 1" }, "more than re-export"],
    [
      "a program for browsers in ours",
      { "report/a.ts": 'import "./page/b.ts"', "report/page/b.ts": 'import "uplot"' },
      "report/a.ts: imports a program for browsers",
    ],
    ["a package of such a program elsewhere", { "report/a.ts": 'import "uplot"' }, 'not in "dependencies"'],
    ["a package that is not declared", { "fs/a.ts": 'import "left-pad"' }, 'not in "dependencies"'],
    [
      "a cycle",
      { "fs/a.ts": 'import "./b.ts"', "fs/b.ts": 'import type { A } from "./a.ts"' },
      "fs/a.ts -> fs/b.ts -> fs/a.ts",
    ],
  ])("%s", (_, files, problem) => {
    expect(problemsOf(files).join("\n")).toContain(problem);
  });

  test("a dependency that nothing imports", () => {
    expect(layerProblems(new Map(), { entryFolders: [], dependencies: ["left-pad"] })).toHaveLength(1);
  });

  test("nothing in what is allowed", () => {
    const files = {
      "index.ts": 'export { a } from "./fs/a.ts"',
      "fs/index.ts": 'export { a } from "./a.ts"',
      "fs/a.ts": 'import { b } from "../base/b.ts"; import "node:fs"; import type { T } from "@tensorflow/tfjs"',
      "backend/index.ts": 'export { a } from "../../test/contract/a.ts"',
      "../test/contract/a.ts": 'import { b } from "../../src/base/b.ts"; import "./b.ts"',
      "../test/contract/b.ts": "",
      "base/b.ts": '// import "../fs/a.ts"\nexport const b = \'import "../fs/a.ts"\'',
    };
    expect(problemsOf(files)).toEqual([]);
  });
});
