import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, inject, test } from "vitest";
import { succeed } from "../support/child.ts";
import { STRICT } from "../support/installed-project.ts";

// The programs of the matrix were compiled with the resolution `node16` before they ran. What else people do with the package.

const project = inject("installedProject");
const at = (path: string) => join(project, path);

/** Compiles without an output; libraries are checked too: the package's types must stand by themselves. */
const check = (files: readonly string[], ...flags: readonly string[]) =>
  succeed(
    process.execPath,
    [at("node_modules/typescript/bin/tsc"), "--noEmit", ...STRICT, ...flags, ...files.map((file) => at(file))],
    { cwd: project },
  );

const programs = ["log", "unended", "artifacts", "contract", "bucket"].map((name) => `programs/${name}`);

test.concurrent.for([
  ["node16, as ESM", ".mts", ["--module", "node16"]],
  ["node16, as CommonJS", ".cts", ["--module", "node16"]],
  ["nodenext, as ESM", ".mts", ["--module", "nodenext"]],
  ["bundler", ".mts", ["--module", "esnext", "--moduleResolution", "bundler"]],
] as const)("TypeScript takes the types with the resolution %s", async ([, suffix, flags]) => {
  await check(
    programs.map((program) => program + suffix),
    ...flags,
  );
});

test.each([
  { format: "esm", file: "bundled.mjs" },
  { format: "cjs", file: "bundled.cjs" },
] as const)("a program bundled by esbuild to $file needs no package", async ({ format, file }) => {
  const folder = mkdtempSync(join(project, "..", "tidemark-bundled-"));
  await build({
    entryPoints: [at("programs/log.mjs")],
    bundle: true,
    platform: "node",
    target: "node20",
    format,
    // As docs/guide/runtimes.md says: packages inside that are CommonJS ask for `require`.
    ...(format === "esm" ? { banner: { js: REQUIRE } } : {}),
    outfile: join(folder, file),
    logLevel: "silent",
  });
  const output = await succeed(process.execPath, [join(folder, file)], { cwd: folder });
  expect(JSON.parse(output)).toMatchObject({ found: 1, columns: { steps: [0, 1, 2] } });
});

const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';
