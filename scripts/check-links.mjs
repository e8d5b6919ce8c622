// Every link of the documentation that stays in this repository leads somewhere: those of the Markdown files as people read them on
// a code host, and those of the site that typedoc made. Names what is broken, and fails.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const site = join(root, "docs/site");
const elsewhere = /^([a-z][a-z0-9+.-]*:|\/\/)/i;

const markdown = {
  files: execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && existsSync(join(root, file)))
    .map((file) => join(root, file)),
  linksIn: (text) => [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link),
  anchorsIn: (text) => headingAnchors(withoutCode(text)),
};

const html = {
  files: readdirSync(site, { recursive: true })
    .filter((file) => file.endsWith(".html"))
    .map((file) => join(site, file)),
  linksIn: (text) => [...text.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link]) => link.replaceAll("&amp;", "&")),
  anchorsIn: (text) => new Set([...text.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id)),
};

const anchors = new Map();
const broken = [markdown, html].flatMap(brokenLinks);
for (const line of broken) console.error(line);
console.log(`links of ${markdown.files.length} Markdown files and ${html.files.length} pages: ${broken.length} broken`);
if (broken.length > 0) process.exitCode = 1;

function brokenLinks({ files, linksIn, anchorsIn }) {
  return files.flatMap((file) =>
    linksIn(readFileSync(file, "utf8"))
      .filter((link) => !elsewhere.test(link) && !leadsSomewhere(file, link, anchorsIn))
      .map((link) => `${relative(root, file)}: ${link}`),
  );
}

function leadsSomewhere(file, link, anchorsIn) {
  const [path, anchor] = link.split("#");
  const target = path === "" ? file : join(dirname(file), decodeURIComponent(path.split("?")[0]));
  if (!existsSync(target)) return false;
  if (anchor === undefined || anchor === "" || statSync(target).isDirectory() || !/\.(md|html)$/.test(target))
    return true;
  if (!anchors.has(target)) anchors.set(target, anchorsIn(readFileSync(target, "utf8")));
  return anchors.get(target).has(decodeURIComponent(anchor));
}

function withoutCode(text) {
  return text.replaceAll(/^```.*?^```/gms, "").replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ""));
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces, a number where a heading comes again. */
function headingAnchors(text) {
  const seen = new Map();
  const made = new Set();
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    made.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return made;
}
