/** One slip of the finger for every so many characters. */
const CHARACTERS_PER_SLIP = 3;
/** Longer names are not compared: the work grows with the square of their length. */
const LONGEST_NAME = 100;
const MOST_NAMES = 1000;

/** The name that was probably meant, or `undefined` where none comes near. */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(1, Math.floor(wanted.length / CHARACTERS_PER_SLIP)) + 1;
  if (wanted.length > LONGEST_NAME) return undefined;
  let looked = 0;
  for (const name of names) {
    if (looked++ === MOST_NAMES) break;
    if (name.length > LONGEST_NAME || Math.abs(name.length - wanted.length) >= fewest) continue;
    const edits = name.toLowerCase() === wanted.toLowerCase() ? 0 : editsBetween(wanted, name);
    // What has nothing in common is no slip.
    if (edits < fewest && edits < Math.max(wanted.length, name.length)) [nearest, fewest] = [name, edits];
  }
  return nearest;
}

/** Characters to put in, leave out, replace, or swap with their neighbour. */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let index = 1; index <= to.length; index++) {
      const replaced = (row[index - 1] as number) + (from[at - 1] === to[index - 1] ? 0 : 1);
      const isSwap = from[at - 1] === to[index - 2] && from[at - 2] === to[index - 1] && at > 1 && index > 1;
      const swapped = isSwap ? (before[index - 2] as number) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[index] as number) + 1, (next[index - 1] as number) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}
