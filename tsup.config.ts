import { defineConfig } from "tsup";
import { entries } from "./scripts/entries.mjs";

// ESM entries share chunks (tsup's default for that format). CommonJS entries are whole files, so what they must have in common
// is kept on globalThis (src/base/process-state.ts). Dependencies stay outside: tsup reads them from package.json.
export default defineConfig({
  entry: Object.fromEntries(entries.map(({ output, source }) => [output, source])),
  format: ["esm", "cjs"],
  dts: true,
  target: "node20",
  platform: "node",
  clean: true,
  esbuildOptions(options, { format }) {
    // The command line is only ever run: no types, no CommonJS.
    if (format === "esm")
      options.entryPoints = { ...(options.entryPoints as Record<string, string>), cli: "src/cli/main.ts" };
  },
});
