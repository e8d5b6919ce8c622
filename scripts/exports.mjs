// Writes the exports map of package.json from entries.json; with --check only says whether they agree.
import { readFileSync, writeFileSync } from "node:fs";
import { exportsMap } from "./entries.mjs";

const file = new URL("../package.json", import.meta.url);
const before = readFileSync(file, "utf8");
const after = `${JSON.stringify({ ...JSON.parse(before), exports: exportsMap }, null, 2)}\n`;

if (before === after) {
  console.log("package.json exports what entries.json lists");
} else if (process.argv.includes("--check")) {
  console.error("package.json does not export what entries.json lists: run `npm run exports`");
  process.exitCode = 1;
} else {
  writeFileSync(file, after);
  console.log("package.json: exports written from entries.json");
}
