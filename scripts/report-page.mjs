// Makes src/report/page.generated.ts from src/report/page/: the script and the style of reports, each as one text, so that src/ runs unbuilt.
// With --check only says whether it is what the sources make.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(`${root}${path}`, "utf8");

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["src/report/page/main.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "none",
  write: false,
});
const script = outputFiles[0].text.trim();
// In this order: a later one changes what an earlier one says.
const styles = ["ground", "head", "tables", "charts", "media", "narrow", "print"].map((name) =>
  read(`src/report/page/styles/${name}.css`),
);
const css = [read("node_modules/uplot/dist/uPlot.min.css"), ...styles].join("\n");
const style = (
  await build({
    stdin: { contents: css, loader: "css" },
    minify: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    write: false,
  })
).outputFiles[0].text.trim();
const licenses = `The charts are drawn with uPlot (https://github.com/leeoniya/uPlot):\n\n${read("node_modules/uplot/LICENSE").trim()}`;

for (const [name, text] of Object.entries({ script, style, licenses })) {
  // What ends an element, or a comment, would end it in the page. And pages are ASCII: browsers read many megabytes of it in no time.
  if (/<\/(script|style)|<!--|-->|[^\n\x20-\x7e]/i.test(text))
    throw new Error(`the ${name} holds what a page must not`);
}

const path = "src/report/page.generated.ts";
const after = `// Made by scripts/report-page.mjs (\`npm run report-page\`) from src/report/page/. Not to be changed by hand.

/** What runs in the page of a report. */
export const PAGE_SCRIPT: string = ${JSON.stringify(script)};

/** How it looks. */
export const PAGE_STYLE: string = ${JSON.stringify(style)};

/** Of what is bundled into the script. */
export const PAGE_LICENSES: string = ${JSON.stringify(licenses)};
`;

let before = "";
try {
  before = read(path);
} catch {
  // The first time.
}
if (before === after) {
  console.log(`${path} is what src/report/page/ makes`);
} else if (process.argv.includes("--check")) {
  console.error(`${path} is not what src/report/page/ makes: run \`npm run report-page\``);
  process.exitCode = 1;
} else {
  writeFileSync(`${root}${path}`, after);
  console.log(
    `${path}: ${(script.length / 1024).toFixed(0)} KiB of script, ${(style.length / 1024).toFixed(0)} KiB of style`,
  );
}
