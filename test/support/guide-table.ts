import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./repository.ts";

/** Reads the tables of a guide: the first two cells of every row below a heading. */
export function guideTables(file: string): { readonly text: string; rows(heading: string): [string, string][] } {
  const text = readFileSync(join(repository, "docs/guide", file), "utf8");
  return {
    text,
    rows(heading) {
      const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
      const cells = section.matchAll(/^\| `([^`]+)` \| ([^|]*?) \|/gm);
      return [...cells].map(([, first = "", second = ""]) => [first, second]);
    },
  };
}
