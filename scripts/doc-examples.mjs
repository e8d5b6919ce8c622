// The examples in the documentation that are whole programs: code blocks of the README and the guides that import something, and
// those of doc comments in src/.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs by where they stand. Those of one file belong together: a later one may need what an earlier one left behind. */
export function docExamples() {
  const pages = ["README.md", ...filesIn("docs/guide", ".md")];
  const sources = filesIn("src", ".ts");
  return [...pages.map((file) => [file, read(file)]), ...sources.map((file) => [file, commentsOf(read(file))])].flatMap(
    ([file, text]) => {
      // What is a file of examples/ runs as one.
      const programs = [...text.matchAll(/(?<!^\[examples\/[^\n]*\n\n)^```(?:js|ts)\n(.*?)^```/gms)]
        .map(([, code]) => code)
        .filter((code) => /^import /m.test(code));
      return programs.length === 0 ? [] : [{ file, programs }];
    },
  );
}

/** Files of examples/ that a page shows whole, below a link to them: where they stand, which they are, and what the page shows. */
export function quotedExamples() {
  return filesIn("docs/guide", ".md").flatMap((page) =>
    [...read(page).matchAll(/^\[(examples\/[\w.-]+)\]\([^\n]*\):\n\n```\w+\n(.*?)^```/gms)].map(([, file, code]) => ({
      page,
      file,
      isSame: read(file) === code,
    })),
  );
}

const filesIn = (folder, ending) =>
  readdirSync(`${root}${folder}`, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)
    .sort();

const read = (file) => readFileSync(`${root}${file}`, "utf8");

/** The text of doc comments, without the stars. */
function commentsOf(source) {
  return [...source.matchAll(/\/\*\*\n.*?\*\//gs)].map(([comment]) => comment.replaceAll(/^ *\* ?/gm, "")).join("\n");
}
