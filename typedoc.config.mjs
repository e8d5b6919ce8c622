import { entries } from "./scripts/entries.mjs";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "Tidemark",
  entryPoints: entries.map(({ source }) => source),
  out: "docs/reference",
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // Links to source lines would need a public repository, or show where this clone lies.
  disableSources: true,
  treatWarningsAsErrors: true,
  // `npm run typecheck` does that, for all of the sources.
  skipErrorChecking: true,
};
