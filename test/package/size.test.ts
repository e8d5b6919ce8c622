import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { entries } from "../../scripts/entries.mjs";
import { packageOf, parseModule, readTree } from "../support/modules.ts";
import { repository } from "../support/repository.ts";

/** Loaded when they are used, by whoever uses them: none of them may come along with an import. */
const LAZY =
  /^(undici|commander|cli-progress|p-queue|fflate|hyparquet-writer|@aws-sdk\/.*|@tensorflow\/.*|onnxruntime-.*)$/;

const files = readTree(join(repository, "dist"), ".js", ".cjs");

/** What loading one built file loads: our own files, and packages. */
function closureOf(entry: string): { own: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const own = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (own.has(path)) return;
    const text = files.get(path);
    if (text === undefined) throw new Error(`dist/${path} is missing`);
    own.add(path);
    for (const { specifier, kind } of parseModule(path, text).imports) {
      if (kind === "dynamic") continue;
      const name = packageOf(specifier);
      if (name !== undefined) packages.add(name);
      else if (specifier.startsWith(".")) visit(posix.join(posix.dirname(path), specifier));
    }
  };
  visit(entry);
  return { own, packages };
}

describe.each(entries)("$key", ({ output, maxKiB }) => {
  test.each([`${output}.js`, `${output}.cjs`])("%s loads no package before it is used", (entry) => {
    expect([...closureOf(entry).packages].filter((name) => LAZY.test(name))).toEqual([]);
  });

  test(`${output}.js loads at most ${maxKiB} KiB of our own`, () => {
    const bytes = [...closureOf(`${output}.js`).own].reduce((sum, path) => sum + (files.get(path) ?? "").length, 0);
    expect(bytes / 1024).toBeLessThanOrEqual(maxKiB);
  });
});

test("the command line loads nothing but the reader of its arguments before it knows what is asked for", () => {
  expect([...closureOf("cli.js").packages].filter((name) => !isBuiltin(name))).toEqual(["commander"]);
});
