import { byCodePoint } from "./code-points.ts";
import { formatYamlNumber, formatYamlText } from "./yaml-scalar.ts";
import { keySpellingOf, spellingOf } from "./yaml-spelling.ts";

/** As many spaces as PyYAML takes for a level. */
const STEP = 2;

/** PyYAML counts the tag of a key, "!!str", when it asks whether the key stands on one line. */
const LONGEST_SIMPLE_KEY = 127 - "!!str".length;

/** How PyYAML is asked to write: MLmodel in the order of the keys, the environment files in ours. */
export interface YamlWriteOptions {
  /** Default `true`. */
  readonly sortKeys?: boolean;
}

/**
 * Writes a mapping byte by byte as Python's `yaml.safe_dump(value, default_flow_style=False)` does. Members that are `undefined` are
 * left out.
 *
 * @throws {TypeError} for what has no form in YAML: functions, symbols, objects that are no plain ones
 */
export function formatYaml(mapping: object, { sortKeys = true }: YamlWriteOptions = {}): string {
  return new YamlWriter(sortKeys).document(mapping);
}

class YamlWriter {
  readonly #sortKeys: boolean;
  #out = "";

  constructor(sortKeys: boolean) {
    this.#sortKeys = sortKeys;
  }

  document(mapping: object): string {
    if (this.#entriesOf(mapping).length === 0) return "{}\n";
    this.#mapping(mapping, 0, true);
    return `${this.#out}\n`;
  }

  #mapping(mapping: object, indent: number, isOnLine: boolean): void {
    for (const [index, [key, value]] of this.#entriesOf(mapping).entries()) {
      if (index > 0 || !isOnLine) this.#newLine(indent);
      const spelling = spellingOf(mapping, key, value);
      if (isSimpleKey(key)) {
        this.#out += keySpellingOf(mapping, key) ?? this.#text(key, indent, true);
        this.#out += ":";
        this.#node(value, indent, false, spelling);
      } else {
        this.#out += "? ";
        this.#out += this.#text(key, indent, false);
        this.#newLine(indent);
        this.#out += ":";
        this.#node(value, indent, true, spelling);
      }
    }
  }

  #sequence(items: readonly unknown[], indent: number, isOnLine: boolean): void {
    for (const [index, item] of items.entries()) {
      if (index > 0 || !isOnLine) this.#newLine(indent);
      this.#out += "-";
      this.#node(item ?? null, indent, true, spellingOf(items, String(index), item));
    }
  }

  /** What stands behind a key or an indicator. Behind an indicator, collections begin on its line. */
  #node(value: unknown, indent: number, isBehindIndicator: boolean, spelling: string | undefined): void {
    if (typeof value === "object" && value !== null && !isEmpty(value)) {
      // Lists stand below their key without indentation.
      const inner = Array.isArray(value) && !isBehindIndicator ? indent : indent + STEP;
      if (isBehindIndicator) this.#out += " ";
      if (Array.isArray(value)) this.#sequence(value, inner, isBehindIndicator);
      else this.#mapping(value, inner, isBehindIndicator);
    } else {
      this.#out += " ";
      this.#out += spelling ?? this.#scalar(value, indent);
    }
  }

  #scalar(value: unknown, indent: number): string {
    if (value === null) return "null";
    if (typeof value === "string") return this.#text(value, indent, false);
    if (typeof value === "number") return formatYamlNumber(value);
    if (typeof value === "boolean" || typeof value === "bigint") return String(value);
    if (Array.isArray(value)) return "[]";
    if (typeof value === "object" && this.#entriesOf(value).length === 0) return "{}";
    throw new TypeError(`a ${typeof value} has no form in YAML`);
  }

  #text(text: string, indent: number, isKey: boolean): string {
    const column = this.#out.length - (this.#out.lastIndexOf("\n") + 1);
    return formatYamlText(text, { column, indent: indent + STEP, isKey });
  }

  #newLine(indent: number): void {
    this.#out += `\n${" ".repeat(indent)}`;
  }

  #entriesOf(mapping: object): [string, unknown][] {
    const prototype = Object.getPrototypeOf(mapping);
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError("only plain objects have a form in YAML");
    const entries = Object.entries(mapping).filter(([, value]) => value !== undefined);
    return this.#sortKeys ? entries.sort(([a], [b]) => byCodePoint(a, b)) : entries;
  }
}

const isEmpty = (value: object) =>
  Array.isArray(value) ? value.length === 0 : Object.values(value).every((member) => member === undefined);

const isSimpleKey = (key: string) =>
  key !== "" && !/[\n\x85\u2028\u2029]/.test(key) && Array.from(key).length <= LONGEST_SIMPLE_KEY;
