// Makes a site of the reference and the guides: modules are called as they are imported, pages of Markdown by their own headings, which
// stand in groups.
import { Converter } from "typedoc";

/** The groups, in the order of the menu, by where a page lies. */
const GROUPS = [
  ["Guides", /^docs\/guide\//],
  ["Examples", /^examples\//],
  ["Formats", /^docs\/formats\//],
  ["Project", /./],
];

/** Where the pages lie, in the order in which they are shown. */
export const pages = [
  "docs/guide/*.md",
  "examples/README.md",
  "docs/formats/*.md",
  "docs/*.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
];

/** @param {import("typedoc").Application} app */
export function sitePlugin(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      module.name = module.name === "index" ? "tidemark" : `tidemark/${module.name}`;
    for (const page of project.documents ?? []) {
      page.frontmatter.group = GROUPS.find(([, place]) => place.test(page.name))[0];
      page.name = headingOf(page) ?? page.name;
    }
  });
}

function headingOf({ content }) {
  const text = content.map((part) => part.text).join("");
  return /^# (.+)$/m.exec(text)?.[1];
}
