import { isMoreThanText } from "./plain-scalar.ts";
import { pythonFloat } from "./python-float.ts";

/** Lines are folded at the first space beyond. */
const BEST_WIDTH = 80;

/** Where a scalar begins. */
export interface ScalarPlace {
  readonly column: number;
  /** Spaces before what is folded to the next line. */
  readonly indent: number;
  /** The key of a mapping on one line is never folded. */
  readonly isKey: boolean;
}

/** A number as PyYAML writes it: whole ones that are safe as int, others as float. */
export function formatYamlNumber(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value < 0 ? "-.inf" : ".inf";
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  // Without the dot it would be a text to YAML 1.1.
  return pythonFloat(value).replace(/^(-?\d+)e/, "$1.0e");
}

/** A text as PyYAML writes it (yaml/emitter.py): unquoted, in single or in double quotes, folded. */
export function formatYamlText(text: string, place: ScalarPlace): string {
  if (isPlain(text)) return foldSpaces(text, place);
  const needsEscapes = !/^[\x20-\x7e\n]*$/.test(text) || / \n|\n /.test(text) || (place.isKey && text.includes("\n"));
  return needsEscapes ? doubleQuoted(text, place) : singleQuoted(text, place);
}

const isPlain = (text: string) =>
  /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) &&
  !/^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?: |$))/.test(text) &&
  !/:(?: |$)| #/.test(text) &&
  !isMoreThanText(text);

function singleQuoted(text: string, place: ScalarPlace): string {
  return `'${foldSpaces(text.replaceAll("'", "''"), { ...place, column: place.column + 1 })}'`;
}

/** Breaks at lone spaces inside, beyond the width. A line break of the text is two in the file. */
function foldSpaces(text: string, { column, indent, isKey }: ScalarPlace): string {
  const pieces = text.split(/(\n+| +)/);
  const lastInside = pieces.at(-1) === "" ? pieces.length - 3 : pieces.length - 1;
  const firstInside = pieces[0] === "" ? 2 : 0;
  let out = "";
  for (const [index, piece] of pieces.entries()) {
    const mayFold = piece === " " && index >= firstInside && index <= lastInside && !isKey;
    const isFolded = mayFold && column > BEST_WIDTH;
    if (isFolded || piece.startsWith("\n")) {
      out += `\n${isFolded ? "" : piece}${" ".repeat(indent)}`;
      column = indent;
    } else {
      out += piece;
      column += piece.length;
    }
  }
  return out;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\x85": "\\N",
  "\xa0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function doubleQuoted(text: string, { column: before, indent, isKey }: ScalarPlace): string {
  // Python counts and cuts by characters, not by the halves of a surrogate pair.
  const characters = Array.from(text);
  let out = '"';
  let column = before + 1;
  let pending = "";
  for (const [at, character] of characters.entries()) {
    const isEscaped = !/^[\x20-\x7e]$/.test(character) || character === '"' || character === "\\";
    if (isEscaped) {
      const escaped = ESCAPES[character] ?? escapeCode(character.codePointAt(0) as number);
      column += pending.length + escaped.length;
      out += pending + escaped;
      pending = "";
    }
    // As PyYAML does it: also before what follows an escape, whose last character does not count at the escape itself.
    const width = isEscaped ? column - 1 : column + pending.length;
    const isInside = at > 0 && at < characters.length - 1 && !isKey;
    if (isInside && (character === " " || pending === "") && width > BEST_WIDTH) {
      out += `${pending}\\\n${" ".repeat(indent)}`;
      pending = "";
      column = indent;
      const next = isEscaped ? characters[at + 1] : character;
      if (next === " ") {
        out += "\\";
        column++;
      }
    }
    if (!isEscaped) pending += character;
  }
  return `${out}${pending}"`;
}

function escapeCode(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
