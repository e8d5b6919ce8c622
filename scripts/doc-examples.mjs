// The code in the documentation: blocks of the README, the guides, the formats and of doc comments in src/. What imports something is a
// whole program, and is run; the rest is part of one, and is type-checked.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Programs by where they stand. Those of one file belong together: a later one may need what an earlier one left behind. */
export function docExamples() {
  return codeBlocks().flatMap(({ file, blocks }) => {
    const programs = blocks.filter(isProgram);
    return programs.length === 0 ? [] : [{ file, programs }];
  });
}

/** Blocks that are parts of programs: they need a `run` or a `client` from elsewhere, and cannot run by themselves. */
export function docFragments() {
  return codeBlocks().flatMap(({ file, blocks }) =>
    blocks.filter((code) => !isProgram(code)).map((code) => ({ file, code })),
  );
}

const isProgram = (code) => /^import /m.test(code);

/** All code in JavaScript and TypeScript that the documentation shows. What is a file of examples/ runs as one, and is left out. */
function codeBlocks() {
  const pages = [
    "README.md",
    "docs/architecture.md",
    ...filesIn("docs/guide", ".md"),
    ...filesIn("docs/formats", ".md"),
  ];
  const sources = filesIn("src", ".ts");
  const texts = [...pages.map((file) => [file, read(file)]), ...sources.map((file) => [file, commentsOf(read(file))])];
  return texts.map(([file, text]) => ({
    file,
    blocks: [...text.matchAll(/(?<!^\[examples\/[^\n]*\n\n)^```(?:js|ts)\n(.*?)^```/gms)].map(([, code]) => code),
  }));
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
