import { entries } from "./scripts/entries.mjs";
import { pages, sitePlugin } from "./scripts/site-plugin.mjs";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "Tidemark",
  entryPoints: entries.map(({ source }) => source),
  projectDocuments: pages,
  plugin: [sitePlugin],
  groupOrder: ["Guides", "Examples", "Formats", "Project", "*"],
  highlightLanguages: [
    "typescript",
    "javascript",
    "json",
    "jsonc",
    "yaml",
    "bash",
    "shell",
    "sql",
    "python",
    "html",
    "text",
  ],
  out: "docs/site",
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // Links to source lines would need a public repository, or show where this clone lies.
  disableSources: true,
  treatWarningsAsErrors: true,
  // `npm run typecheck` does that, for all of the sources.
  skipErrorChecking: true,
};
