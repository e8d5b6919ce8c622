import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportsMap } from "../../scripts/entries.mjs";
import { readTree } from "../support/modules.ts";
import { manifest, repository } from "../support/repository.ts";

const filesOf = (value: unknown): string[] =>
  typeof value === "string" ? [value] : Object.values(value as object).flatMap(filesOf);

const exported = filesOf(manifest.exports).filter((file) => file !== "./package.json");

test("package.json exports what entries.json lists", () => {
  expect(manifest.exports).toEqual(exportsMap);
});

describe("exports and build agree", () => {
  test.each(exported)("%s is built", (file) => {
    expect(existsSync(join(repository, file))).toBe(true);
  });

  test("every built entry is exported", () => {
    // tsup names what entries share by a hash; an entry is always an index.
    const built = [...readTree(join(repository, "dist"), ".js", ".cjs", ".d.ts", ".d.cts").keys()];
    const entries = built.filter((path) => /(^|\/)index\.[^/]+$/.test(path)).map((path) => `./dist/${path}`);
    expect(entries.sort()).toEqual([...exported].sort());
  });
});
