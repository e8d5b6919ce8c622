/**
 * SQL's LIKE: `%` stands for any text, `_` for one character, and nothing escapes them. Compares whole texts, in time proportional
 * to the product of the lengths at worst.
 */
export function likePattern(pattern: string, ignoreCase: boolean): (text: string) => boolean {
  const wanted = charactersOf(pattern, ignoreCase);
  return (text) => isLike(charactersOf(text, ignoreCase), wanted);
}

function isLike(text: readonly string[], pattern: readonly string[]): boolean {
  let t = 0;
  let p = 0;
  // The last % and the character it was tried to end before: going back further is never needed.
  let anyAt = -1;
  let triedFrom = 0;
  while (t < text.length) {
    if (pattern[p] === "%") {
      anyAt = p++;
      triedFrom = t;
    } else if (p < pattern.length && (pattern[p] === "_" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (anyAt >= 0) {
      p = anyAt + 1;
      t = ++triedFrom;
    } else return false;
  }
  while (pattern[p] === "%") p++;
  return p === pattern.length;
}

/** Folded one by one, because folding may change the length of a text. */
function charactersOf(text: string, ignoreCase: boolean): string[] {
  const characters = [...text];
  return ignoreCase ? characters.map((character) => character.toUpperCase().toLowerCase()) : characters;
}
