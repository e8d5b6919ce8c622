import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { messageOf } from "../../base/errors.ts";
import { readPlainScalar } from "./plain-scalar.ts";
import { formatYamlNumber } from "./yaml-scalar.ts";
import { rememberKeySpelling, rememberSpelling } from "./yaml-spelling.ts";

/** Mappings within mappings: nothing honest comes near. */
const MOST_NESTING = 100;

/** Every scalar and every collection, those behind aliases once for each alias: a few lines of aliases can stand for billions. */
const MOST_NODES = 100_000;

/** Of the text, for the lexer: some ten thousand values. Quoted texts are one part, however long. */
const MOST_LEXEMES = 200_000;

type Node = YAMLMap | YAMLSeq | Scalar | Alias;

/**
 * Reads a YAML mapping as PyYAML's `safe_load` does, without the harm a hostile one may do. Whole numbers beyond 2^53 come as
 * bigint, timestamps as the texts they are.
 *
 * @throws {SyntaxError} where it is no YAML mapping, or has tags, keys or more nodes than any honest one
 */
export function parseYamlMapping(text: string): Record<string, unknown> {
  refuseCostly(text);
  // "failsafe" resolves nothing: what an unquoted scalar is, PyYAML's rules say. To say an error prettily costs a look at all of
  // the text, for each of millions.
  const document = parseDocument(text, { version: "1.1", schema: "failsafe", logLevel: "silent", prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) throw new SyntaxError(`is not YAML: ${messageOf(problem).split("\n")[0]}`);
  const value = new YamlReader().value(document.contents as Node | null, 0);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new SyntaxError("is not a YAML mapping");
  return value as Record<string, unknown>;
}

const TOO_DEEP = `is nested more than ${MOST_NESTING} levels deep`;

/** The parser keeps an object and recurses for all of them, the lexer does not. */
function refuseCostly(text: string): void {
  let lexemes = 0;
  let depth = 0;
  let indicators = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > MOST_LEXEMES) throw new SyntaxError(`has more than ${MOST_LEXEMES} parts`);
    if (lexeme === "[" || lexeme === "{") depth++;
    else if (lexeme === "]" || lexeme === "}") depth--;
    else if (lexeme === "-" || lexeme === "?") indicators++;
    else if (lexeme === "\n") indicators = 0;
    else if (lexeme.startsWith('"')) refuseBadEscapes(lexeme);
    if (depth > MOST_NESTING || indicators > MOST_NESTING) throw new SyntaxError(TOO_DEEP);
  }
}

const ESCAPE = /\\(?:[0abt\tnvfre "/\\N_LP\n\r]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|(?<unknown>[\s\S]?))/g;

/** The parser would make an error of each. */
function refuseBadEscapes(quoted: string): void {
  for (const { groups } of quoted.matchAll(ESCAPE)) {
    if (groups?.unknown !== undefined) throw new SyntaxError("is not YAML: a text has an unknown escape");
  }
}

class YamlReader {
  #nodes = 0;
  readonly #anchors = new Map<string, Node>();

  value(node: Node | null, depth: number): unknown {
    if (++this.#nodes > MOST_NODES) throw new SyntaxError(`stands for more than ${MOST_NODES} values`);
    if (depth > MOST_NESTING) throw new SyntaxError(TOO_DEEP);
    if (node === null) return null;
    if (isAlias(node)) return this.#aliased(node, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#mapping(node, depth);
    if (isSeq(node)) return this.#sequence(node, depth);
    return scalarValue(node);
  }

  #aliased(alias: Alias, depth: number): unknown {
    const node = this.#anchors.get(alias.source);
    if (node === undefined) throw new SyntaxError(`refers to an unknown anchor`);
    return this.value(node, depth + 1);
  }

  #mapping(map: YAMLMap, depth: number): Record<string, unknown> {
    refuseTag(map.tag, "tag:yaml.org,2002:map");
    const mapping: Record<string, unknown> = {};
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      const name = keyName(key);
      const isMerge = name === "<<" && isScalar(key) && key.type === "PLAIN";
      if (name === "__proto__" || isMerge) throw new SyntaxError(`has a key ${name}`);
      mapping[name] = this.value(value, depth + 1);
      if (isScalar(key) && key.type === "PLAIN" && typeof readPlainScalar(name) !== "string") {
        rememberKeySpelling(mapping, name, name);
      }
      keepSpelling(mapping, name, value, mapping[name]);
    }
    return mapping;
  }

  #sequence(seq: YAMLSeq, depth: number): unknown[] {
    refuseTag(seq.tag, "tag:yaml.org,2002:seq");
    const items: unknown[] = [];
    for (const [index, item] of (seq.items as (Node | null)[]).entries()) {
      items.push(this.value(item, depth + 1));
      keepSpelling(items, String(index), item, items[index]);
    }
    return items;
  }
}

function keyName(key: unknown): string {
  if (!isScalar(key)) throw new SyntaxError("has a key that is no text");
  return String(key.value ?? "");
}

function scalarValue({ value, type, tag }: Scalar): unknown {
  const text = String(value ?? "");
  if (tag === "tag:yaml.org,2002:str") return text;
  refuseTag(tag);
  return type === "PLAIN" ? readPlainScalar(text) : text;
}

/** PyYAML's safe loader builds what a tag says, or refuses it; MLflow writes none. */
function refuseTag(tag: string | undefined, ...allowed: readonly string[]): void {
  if (tag !== undefined && !allowed.includes(tag)) throw new SyntaxError("has a YAML tag, which no MLflow writes");
}

function keepSpelling(container: object, key: string, node: Node | null, value: unknown): void {
  if (!isScalar(node) || node.type !== "PLAIN" || node.tag !== undefined) return;
  const text = String(node.value ?? "");
  const written = typeof value === "number" ? formatYamlNumber(value) : String(value);
  if (typeof value === "string" ? isTimestamp(text) : written !== text) rememberSpelling(container, key, value, text);
}

/** What was not quoted and has remained a text, though PyYAML would quote it. */
const isTimestamp = (text: string) => /^\d{4}-\d/.test(text);
