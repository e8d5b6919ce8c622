// Makes a site of the reference and the guides: pages of Markdown are called by their own headings and stand in groups.
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
