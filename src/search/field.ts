import type { IdentifierPart, Scanner, Token } from "./scanner.ts";
import type { Searchable } from "./searchable.ts";
import type { AttributeWords, FieldKind, Vocabulary } from "./vocabulary.ts";

/** What an expression names: `metrics.loss`, `start_time`. */
export interface Field {
  readonly kind: FieldKind;
  /** The key, or the attribute's name as a {@link Searchable} knows it. */
  readonly key: string;
  /** Of an attribute. */
  readonly words: AttributeWords | undefined;
}

const DATASET_KEYS: ReadonlySet<string> = new Set(["name", "digest", "context"]);

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, with the position */
export function resolveField(
  scanner: Scanner,
  token: Token & { readonly type: "identifier" },
  vocabulary: Vocabulary,
): Field {
  const [first, ...rest] = token.parts as [IdentifierPart, ...IdentifierPart[]];
  const prefix = first.quote === '"' ? token.text : first.name;
  const kind = rest.length === 0 ? "attribute" : vocabulary.prefixes.get(prefix);
  if (kind === undefined) {
    const known = [...vocabulary.prefixes.keys()].join(", ");
    throw scanner.error(token.position, `${vocabulary.entity} have no ${prefix}.…; expected one of ${known}`);
  }
  const key = rest.length === 0 ? first.name : keyOf(scanner, token, rest);
  if (kind === "dataset" && !DATASET_KEYS.has(key)) {
    throw scanner.error(token.position, `datasets have no ${key}; expected name, digest or context`);
  }
  if (kind !== "attribute") return { kind, key, words: undefined };
  const words = vocabulary.attributes.get(key);
  if (words !== undefined) return { kind, key: words.name, words };
  const known = [...vocabulary.attributes.keys()].join(", ");
  throw scanner.error(token.position, `${vocabulary.entity} have no attribute ${key}; expected one of ${known}`);
}

/** Dots in a key need no quotes; if there are quotes, they go around the whole key. */
function keyOf(scanner: Scanner, token: Token, parts: readonly IdentifierPart[]): string {
  if (parts.length > 1 && parts.some(({ quote }) => quote !== undefined)) {
    throw scanner.error(token.position, "quotes must go around the whole key");
  }
  return parts.map(({ name }) => name).join(".");
}

/** The value of a field, for comparing and ordering. */
export function fieldValue(entity: Searchable, { kind, key }: Field): string | number | undefined {
  switch (kind) {
    case "attribute":
      return entity.attribute(key);
    case "metric":
      return entity.metric?.(key);
    case "param":
      return entity.param?.(key);
    case "tag":
      return entity.tag?.(key);
    case "dataset":
      return undefined;
  }
}
