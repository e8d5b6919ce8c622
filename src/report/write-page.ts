import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { replaceFile } from "../disk/atomic-file.ts";
import { guarded } from "../disk/storage-errors.ts";
import type { Curve } from "./collect-curves.ts";
import { dataElement, jsonText, pointElements, summaryElement } from "./embed.ts";
import type { ReportPayload } from "./payload.ts";

/** Everything of a page. */
export interface PageParts {
  readonly payload: ReportPayload;
  readonly curves: readonly Curve[];
  readonly images: readonly Uint8Array[];
}

/**
 * Writes the page, whole or not at all, and answers how many bytes it has.
 *
 * @throws {TidemarkError} the codes of storage
 */
export async function writePage(file: string, parts: PageParts): Promise<number> {
  const { PAGE_SCRIPT, PAGE_STYLE, PAGE_LICENSES } = await import("./page.generated.ts");
  const target = resolve(file);
  const directory = dirname(target);
  let bytes = 0;
  function* counted(): Generator<Buffer> {
    for (const text of pageTexts(parts, PAGE_SCRIPT, PAGE_STYLE, PAGE_LICENSES)) {
      const piece = Buffer.from(text);
      bytes += piece.length;
      yield piece;
    }
  }
  guarded("write", target, () => {
    mkdirSync(directory, { recursive: true });
    replaceFile(directory, target, counted());
  });
  return bytes;
}

function* pageTexts({ payload, curves, images }: PageParts, script: string, style: string, licenses: string) {
  yield head(payload.title, script, style, licenses);
  yield dataElement("report", jsonText(payload), "application/json");
  yield summaryElement(curves);
  yield* pointElements(curves);
  for (const [index, image] of images.entries()) {
    yield dataElement(`image-${index}`, Buffer.from(image).toString("base64"));
  }
  yield `<script>${script}</script>\n</body>\n</html>\n`;
}

const head = (title: string, script: string, style: string, licenses: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<!--
${licenses}
-->
<style>${style}</style>
</head>
<body>
<noscript>This report draws itself with a script of its own, which this browser does not run.</noscript>
<div id="app"></div>
`;

/**
 * Nothing is loaded from anywhere, and no script runs but ours: by its hash, so that not even a name that breaks out of the data does. Text
 * never becomes markup: assignments that would make it so throw.
 */
const policy = (script: string, style: string): string =>
  [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "img-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");

const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;

/** As ASCII, and never as markup. */
const escapeHtml = (text: string): string =>
  Array.from(text, (character) => (/[\w .,:-]/.test(character) ? character : `&#${character.codePointAt(0)};`)).join(
    "",
  );
