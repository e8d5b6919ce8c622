import type { Scanner, Token } from "./scanner.ts";

/** The text of a token that is one. It may stand in double quotes, which make names elsewhere. */
export function textOf(token: Token): string | undefined {
  if (token.type === "string") return token.value;
  const [part, ...others] = token.type === "identifier" ? token.parts : [];
  return part?.quote === '"' && others.length === 0 ? part.name : undefined;
}

/**
 * Reads `('a', 'b')`. MLflow has Python read the list, so backslashes escape in it, unlike elsewhere, and texts side by side are
 * one.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, with the position
 */
export function readTextList(scanner: Scanner): string[] {
  const opening = scanner.next();
  if (opening.text !== "(") throw scanner.error(opening.position, "expected a list such as ('a', 'b')");
  const texts: string[] = [];
  for (;;) {
    const token = scanner.next();
    if (token.text === ")" && texts.length > 0) return texts;
    const text = unescapedText(token);
    if (text === undefined) throw scanner.error(token.position, `expected a text in quotes, found ${shown(token)}`);
    let joined = text;
    let separator = scanner.next();
    for (let more = unescapedText(separator); more !== undefined; more = unescapedText(separator)) {
      joined += more;
      separator = scanner.next();
    }
    texts.push(joined);
    if (separator.text === ")") return texts;
    if (separator.text !== ",") throw scanner.error(separator.position, `expected , or ), found ${shown(separator)}`);
  }
}

/** A token for a message. */
export const shown = (token: Token): string => (token.type === "end" ? "the end" : token.text);

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\", "'": "'", '"': '"', n: "\n", r: "\r", t: "\t" };

function unescapedText(token: Token): string | undefined {
  const text = textOf(token);
  return text === undefined ? undefined : unescaped(text, token.text[0] as string);
}

/** To Python, a doubled quote ends one text and begins the next, and the two are one. */
function unescaped(text: string, quote: string): string {
  return text.replaceAll(/\\(.)|(["'])\2/gs, (whole, escaped: string | undefined, doubled: string | undefined) => {
    if (escaped !== undefined) return ESCAPES[escaped] ?? whole;
    return doubled === quote ? "" : whole;
  });
}
