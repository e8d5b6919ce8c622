import { TidemarkError } from "../base/errors.ts";

/** An element of an answer. Attributes are not kept: S3 says nothing in them that matters here. */
export interface XmlElement {
  readonly name: string;
  /** The text directly in it. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const DEEPEST = 32;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

const NAME = /[A-Za-z_][\w.:-]*/y;
const ATTRIBUTE = /\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;
const SPACE = /\s*/y;
const DECLARATION = /\uFEFF?\s*(?:<\?xml\s[^?]*\?>)?\s*/y;

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: OpenElement[];
}

/**
 * Reads the small XML that S3 answers: elements and text, the five entities and numbered characters. Anything else is refused, document
 * types first of all.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export function parseXml(source: string): XmlElement {
  let at = 0;
  const fail = (problem: string): never => {
    throw new TidemarkError("DATA_DAMAGED", `the XML of an answer ${problem} at character ${at}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const takeName = (): string => take(NAME) ?? fail("has no name");

  take(DECLARATION);
  const open: OpenElement[] = [];
  for (;;) {
    const parent = open.at(-1);
    const next = source.indexOf("<", at);
    if (next < 0) return fail("ends too early");
    const text = source.slice(at, next);
    if (parent !== undefined) parent.text += decodeText(text, fail);
    else if (text.trim() !== "") fail("has text outside of its elements");
    at = next + 1;
    if (source[at] === "/") {
      at++;
      const name = takeName();
      take(SPACE);
      if (source[at] !== ">" || parent?.name !== name) fail("closes what is not open");
      at++;
      open.pop();
      if (open.length === 0) return endOf(parent as OpenElement, source, at, fail);
      continue;
    }
    const element: OpenElement = { name: takeName(), text: "", children: [] };
    while (take(ATTRIBUTE) !== undefined);
    take(SPACE);
    const isEmpty = source[at] === "/";
    if (isEmpty) at++;
    if (source[at] !== ">") fail("is not XML");
    at++;
    parent?.children.push(element);
    if (isEmpty && parent === undefined) return endOf(element, source, at, fail);
    if (!isEmpty && open.push(element) > DEEPEST) fail("is nested too deep");
  }
}

function endOf(root: OpenElement, source: string, at: number, fail: (problem: string) => never): XmlElement {
  return source.slice(at).trim() === "" ? root : fail("goes on behind its end");
}

function decodeText(text: string, fail: (problem: string) => never): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));|&/gi, (_, decimal, hex, name) => {
    const point = decimal === undefined ? (hex === undefined ? undefined : Number.parseInt(hex, 16)) : Number(decimal);
    if (point !== undefined) return point <= 0x10ffff ? String.fromCodePoint(point) : fail("names no character");
    return ENTITIES.get(name ?? "") ?? fail("has an unknown entity");
  });
}

/** The text of the first child of a name. */
export const textOf = (element: XmlElement, name: string): string | undefined =>
  element.children.find((child) => child.name === name)?.text;

export const childrenOf = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter((child) => child.name === name);

const ESCAPES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

/** Text for between two tags. Characters that XML readers change or refuse are written as numbers. */
export const escapeXml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be written as numbers.
  text.replace(/[<>&"\u0000-\u001f\u007f]/g, (mark) => ESCAPES[mark] ?? `&#${mark.charCodeAt(0)};`);
