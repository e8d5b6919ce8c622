import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entries } from "../../scripts/entries.mjs";
import { repository } from "../support/repository.ts";
import { makeTempFolder, packInto, type Tarball } from "../support/tarball.ts";

const folder = makeTempFolder();
let tarball: Tarball;
let bytes: Buffer<ArrayBuffer>;

beforeAll(async () => {
  tarball = await packInto(folder.path);
  bytes = readFileSync(tarball.file);
});
afterAll(() => folder.remove());

describe("the tarball", () => {
  test("holds the build and what a reader needs, nothing else", () => {
    const expected = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect(tarball.paths.filter((path) => !path.startsWith("dist/"))).toEqual(expected);
    expect(tarball.paths.filter((path) => !/^dist\/.+\.(js|cjs|d\.ts|d\.cts)$/.test(path))).toEqual(expected);
  });

  test("names no folder of the machine it was built on", () => {
    const packed = createPackageFromTarballData(bytes);
    const places = [repository, join(homedir(), "/"), folder.path];
    const found = packed.listFiles().filter((path) => places.some((place) => packed.readFile(path).includes(place)));
    expect(found).toEqual([]);
  });

  test("is what publint finds good", async () => {
    const { messages } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
    expect(messages).toEqual([]);
  });
});

test("types resolve from ESM, from CommonJS and for bundlers", async () => {
  const packed = createPackageFromTarballData(bytes);
  const analysis = await checkPackage(packed, { entrypoints: entries.map(({ key }) => key) });
  if (analysis.types === false) throw new Error("the tarball has no types");
  // TypeScript's oldest resolution, node10, does not know `exports`, so it cannot find subpaths of any package.
  const problems = analysis.problems.filter(
    (problem) => !("resolutionKind" in problem) || problem.resolutionKind !== "node10",
  );
  expect(problems).toEqual([]);
  expect(Object.keys(analysis.entrypoints).sort()).toEqual(entries.map(({ key }) => key).sort());
});
