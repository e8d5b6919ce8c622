import { mkdirSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsup";
import { entries } from "./scripts/entries.mjs";

const STUBS = ".cache/types";

/**
 * One file for each entry, all in one folder. The tool that bundles the types reads all sources again, and checks them again, for each folder
 * that an entry lies in, which took 4 GB for 14 of them.
 */
function typeStubs(): Record<string, string> {
  mkdirSync(STUBS, { recursive: true });
  return Object.fromEntries(
    entries.map(({ output, source }) => {
      const stub = `${STUBS}/${output.replaceAll("/", "-")}.ts`;
      writeFileSync(stub, `export * from "../../${source}";\n`);
      return [output, stub];
    }),
  );
}

// ESM entries share chunks (tsup's default for that format). CommonJS entries are whole files, so what they must have in common
// is kept on globalThis (src/base/process-state.ts). Dependencies stay outside: tsup reads them from package.json.
export default defineConfig({
  entry: Object.fromEntries(entries.map(({ output, source }) => [output, source])),
  format: ["esm", "cjs"],
  dts: { entry: typeStubs() },
  target: "node20",
  platform: "node",
  clean: true,
  esbuildOptions(options, { format }) {
    // The command line is only ever run: no types, no CommonJS.
    if (format === "esm")
      options.entryPoints = { ...(options.entryPoints as Record<string, string>), cli: "src/cli/main.ts" };
  },
});
