import { UNSAFE_CHARACTERS } from "../base/text.ts";

/** A text of a file, a server or an argument as it may be shown: what could steer a terminal is replaced, one by one. */
export function safeText(text: string): string {
  return text.replace(UNSAFE_CHARACTERS, "\ufffd");
}

/** The same for JSON, where an escape keeps the text whole. `JSON.stringify` leaves all but C0 as it is. */
export function safeJson(json: string): string {
  return json.replace(UNSAFE_CHARACTERS, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const PLAIN = /^[\x20-\x7e]*$/;
const HALF_WIDTH = /^[\uff61-\uffdc\uffe8-\uffee]/;
const INVISIBLE = /^[\p{M}\p{Cf}]+$/u;
// A picture, or a character that the variation selector behind it turns into one.
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|.\ufe0f/u;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function widthOfGrapheme(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALF_WIDTH.test(grapheme) ? 2 : 1;
}

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** The text in at most `width` columns, with an ellipsis where it was cut. */
export function cutTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOfGrapheme(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}…`;
}
