import { existsSync } from "node:fs";
import { isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { messageOf } from "../base/errors.ts";
import { createFile } from "../disk/atomic-file.ts";
import { damaged } from "../disk/storage-errors.ts";
import type { Containment } from "./containment.ts";
import { type MetaEntry, NULL_WORDS, parseFlatYaml } from "./flat-yaml.ts";
import { makeParents } from "./parents.ts";
import { readText } from "./read-text.ts";

/** What Tidemark writes into a meta.yaml. */
export type MetaValue = string | number | null | Readonly<Record<string, string>> | readonly never[];

/**
 * A meta.yaml as Python MLflow writes it. Every scalar is read as the text it is: what type it has follows from its key, so
 * that an experiment called 1e3 keeps its name. Keys we don't know are kept as they stand.
 */
export class Meta {
  readonly path: string;
  readonly #entries: ReadonlyMap<string, MetaEntry>;

  private constructor(path: string, entries: ReadonlyMap<string, MetaEntry>) {
    this.path = path;
    this.#entries = entries;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` where the text is no YAML mapping */
  static parse(path: string, text: string): Meta {
    const entries = text === "" ? parseYaml(path, text) : (parseFlatYaml(text) ?? parseYaml(path, text));
    return new Meta(path, entries);
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` where it is not readable; `undefined` where there is none */
  static read(containment: Containment, path: string): Meta | undefined {
    for (let attempt = 1; ; attempt++) {
      const text = readText(containment, path);
      if (text === undefined) return undefined;
      // Python empties the file before it writes it again; MLflow waits for it as well.
      if (text !== "" || attempt === EMPTY_ATTEMPTS) return Meta.parse(path, text);
      Atomics.wait(SLEEPER, 0, 0, EMPTY_WAIT_MS);
    }
  }

  text(key: string): string | undefined {
    return this.#entries.get(key)?.text;
  }

  integer(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined || !/^[+-]?\d+(?:\.0*)?$/.test(text)) return undefined;
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : undefined;
  }

  texts(key: string): Record<string, string> {
    return Object.fromEntries(this.#entries.get(key)?.pairs ?? []);
  }

  /** The whole file with some keys changed, sorted as Python sorts them. */
  with(changes: Readonly<Record<string, MetaValue>>): string {
    const lines = new Map<string, string>();
    for (const [key, { source }] of this.#entries) lines.set(key, source);
    for (const [key, value] of Object.entries(changes)) lines.set(key, formatEntry(key, value));
    return inOrder(lines);
  }
}

const EMPTY_ATTEMPTS = 4;
const EMPTY_WAIT_MS = 5;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** Any YAML mapping. Values are read as the texts they are. */
function parseYaml(path: string, text: string): Map<string, MetaEntry> {
  // YAML 1.1 is what PyYAML speaks; "failsafe" knows only texts, lists and mappings.
  const document = parseDocument(text, { version: "1.1", schema: "failsafe", logLevel: "silent" });
  const [problem] = document.errors;
  if (problem !== undefined) throw damaged(path, `is not YAML: ${messageOf(problem).split("\n")[0]}`, problem);
  if (!isMap(document.contents)) throw damaged(path, text.trim() === "" ? "is empty" : "is not a YAML mapping");
  const entries = new Map<string, MetaEntry>();
  for (const pair of document.contents.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    const { value } = pair;
    const pairs = isMap(value) ? { pairs: [...textPairs(value)] } : {};
    entries.set(key, { source: sourceOf(text, pair), text: scalarText(value), ...pairs });
  }
  return entries;
}

function scalarText(node: unknown): string | undefined {
  if (!isScalar(node) || typeof node.value !== "string") return undefined;
  return node.type === "PLAIN" && NULL_WORDS.test(node.value) ? undefined : node.value;
}

/** Creates a meta.yaml below a directory that is there. One that is there already stays as it is. */
export function createMeta(
  containment: Containment,
  root: string,
  path: string,
  values: Readonly<Record<string, MetaValue>>,
): void {
  if (existsSync(path)) return;
  makeParents(containment, root, path);
  createFile(root, path, formatMeta(values));
}

/** A new meta.yaml. */
export function formatMeta(values: Readonly<Record<string, MetaValue>>): string {
  return inOrder(new Map(Object.entries(values).map(([key, value]) => [key, formatEntry(key, value)])));
}

const inOrder = (lines: ReadonlyMap<string, string>) =>
  [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, line]) => `${line}\n`)
    .join("");

function* textPairs(map: YAMLMap): Generator<[string, string]> {
  for (const { key, value } of map.items) {
    if (isScalar(key) && isScalar(value)) yield [String(key.value), String(value.value ?? "")];
  }
}

function sourceOf(text: string, { key, value }: Pair): string {
  const start = isNode(key) ? (key.range?.[0] ?? 0) : 0;
  const keyEnd = isNode(key) ? (key.range?.[2] ?? start) : start;
  const end = isNode(value) && value.range ? Math.max(value.range[2], keyEnd) : text.indexOf("\n", keyEnd);
  return text.slice(start, end < 0 ? undefined : end).trimEnd();
}

function formatEntry(key: string, value: MetaValue): string {
  if (value === null) return `${key}: null`;
  if (typeof value === "number") return `${key}: ${value}`;
  if (typeof value === "string") return `${key}: ${formatText(value)}`;
  if (Array.isArray(value)) return `${key}: []`;
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return `${key}: {}`;
  return [`${key}:`, ...pairs.map(([name, text]) => `  ${formatText(name)}: ${formatText(text)}`)].join("\n");
}

/** Texts that are no number, date, boolean or null to anybody, and need no quotes. */
const PLAIN = /^(?:file:\/\/\/|[A-Za-z])[\p{L}\p{N}_./%-]*(?: [\p{L}\p{N}_./%-]+)*$/u;
// The last is no number to PyYAML, but to other parsers of YAML 1.1.
const RESERVED_WORDS = /^(?:y|yes|n|no|on|off|true|false|null|nan|inf|e\d+)$/i;
const HEXADECIMAL = /^[0-9a-f]{32}$/;

function formatText(text: string): string {
  if (text === "") return "''";
  // An id reads as a number only where it is digits, or digits around one "e".
  if (PLAIN.test(text) ? !RESERVED_WORDS.test(text) : HEXADECIMAL.test(text) && /[a-df]/.test(text)) return text;
  if (/^\d+$/.test(text)) return `'${text}'`;
  return doubleQuoted(text);
}

// JSON's escapes are YAML's. Beyond JSON's, PyYAML refuses or folds these when they stand unescaped; half a surrogate pair is
// no character at all in UTF-8.
const UNPRINTABLE = /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;

function doubleQuoted(text: string): string {
  return JSON.stringify(text.replace(LONE_SURROGATE, "\ufffd")).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
