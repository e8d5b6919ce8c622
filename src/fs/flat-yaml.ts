/** What a key of a meta.yaml holds. */
export interface MetaEntry {
  /** As it stands in the file, the key included. */
  readonly source: string;
  /** `undefined` where it is null or no text. */
  readonly text: string | undefined;
  /** Where it is a mapping of texts. */
  readonly pairs?: readonly (readonly [string, string])[] | undefined;
}

// What nearly every line is: a word or number of ASCII without spaces, or the same in single quotes.
const USUAL_LINE = /^([a-z_]+): (?:([A-Za-z0-9_./][\w./:+=@%-]*)|'([\w./:-]*)')$/;
const LINE = /^([A-Za-z_]\w*):(?: (.*))?$/;
const SINGLE_QUOTED = /^'((?:[^']|'')*)'$/;
const DOUBLE_QUOTED = /^"([^"\\]*)"$/;
// Words with single spaces or colons between: in plain text a colon before a space, and a # behind one, would mean something.
const PLAIN = /^(?:[\p{L}\p{N}_./~]|-[\p{L}\p{N}.])[\p{L}\p{N}_./~+=@%()-]*(?:[ :][\p{L}\p{N}_./~+=@%()-]+)*$/u;
const EMPTY_COLLECTION = /^(?:\[\]|\{\})$/;
export const NULL_WORDS = /^(?:null|Null|NULL|~|)$/;

/**
 * Reads a file of `key: value` lines, as nearly all of them are: a general YAML parse costs as much as reading all files of a run.
 * Answers `undefined` for a file with anything else in it.
 */
export function parseFlatYaml(text: string): Map<string, MetaEntry> | undefined {
  if (!text.endsWith("\n")) return undefined;
  const entries = new Map<string, MetaEntry>();
  for (const source of text.slice(0, -1).split("\n")) {
    const usual = USUAL_LINE.exec(source);
    const [, key, value = ""] = usual ?? LINE.exec(source) ?? [];
    if (key === undefined || entries.has(key)) return undefined;
    const entry = usual === null ? readValue(value) : usualValue(usual);
    if (entry === undefined) return undefined;
    entries.set(key, { source, text: entry.text, pairs: entry.pairs });
  }
  return entries;
}

function usualValue([, , plain, quoted]: RegExpExecArray): Omit<MetaEntry, "source"> | undefined {
  if (plain === undefined) return { text: quoted };
  // A colon at the end would make it a key.
  if (plain.endsWith(":")) return undefined;
  return { text: NULL_WORDS.test(plain) ? undefined : plain };
}

function readValue(value: string): Omit<MetaEntry, "source"> | undefined {
  if (NULL_WORDS.test(value)) return { text: undefined };
  if (PLAIN.test(value)) return { text: value };
  if (EMPTY_COLLECTION.test(value)) return value === "{}" ? { text: undefined, pairs: [] } : { text: undefined };
  const single = SINGLE_QUOTED.exec(value)?.[1];
  if (single !== undefined) return { text: single.replaceAll("''", "'") };
  const double = DOUBLE_QUOTED.exec(value)?.[1];
  return double === undefined ? undefined : { text: double };
}
