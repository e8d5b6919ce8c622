import type { TidemarkError } from "../base/errors.ts";
import { type Field, fieldValue, resolveField } from "./field.ts";
import { likePattern } from "./like.ts";
import { Scanner, type Token } from "./scanner.ts";
import type { Searchable, SearchableDataset } from "./searchable.ts";
import { readTextList, shown, textOf } from "./text-values.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A condition an entity meets or not. */
export interface Filter {
  (entity: Searchable): boolean;
  /** What it names, and looks at. */
  readonly fields: readonly Field[];
}

type Condition = (entity: Searchable) => boolean;

type Test = (value: string | number | undefined) => boolean;

const NUMBER_TESTS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
};

/**
 * Reads a filter in MLflow's grammar: comparisons joined by AND. Whatever the text, it either becomes a filter or is refused with
 * the place that is wrong.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place, from 0
 */
export function parseFilter(text: string | undefined, vocabulary: Vocabulary): Filter {
  const fields: Field[] = [];
  const conditions = parseConditions(text ?? "", vocabulary, fields);
  return Object.assign((entity: Searchable) => conditions.every((condition) => condition(entity)), { fields });
}

export const PROMPT_TAG = "mlflow.prompt.is_prompt";

/** The same for the registry, where MLflow leaves prompts out unless the filter speaks of them. */
export function parseModelFilter(text: string | undefined, vocabulary: Vocabulary): Filter {
  const matches = parseFilter(text, vocabulary);
  if (text?.includes(PROMPT_TAG) === true) return matches;
  const isWanted = (entity: Searchable) => entity.tag?.(PROMPT_TAG) !== "true" && matches(entity);
  return Object.assign(isWanted, { fields: matches.fields });
}

function parseConditions(text: string, vocabulary: Vocabulary, fields: Field[]): Condition[] {
  const scanner = new Scanner("filter", text);
  const conditions: Condition[] = [];
  if (text !== "" && text.trim() === "") throw scanner.error(0, "expected a comparison, found nothing");
  let token = skipAnds(scanner, scanner.next());
  while (token.type !== "end") {
    conditions.push(parseCondition(scanner, token, vocabulary, fields));
    token = scanner.next();
    if (token.type !== "end" && !isWord(token, "AND")) {
      throw scanner.error(token.position, `expected AND or the end, found ${token.text}`);
    }
    token = skipAnds(scanner, token);
  }
  return conditions;
}

/** MLflow takes an AND with nothing on one side. */
function skipAnds(scanner: Scanner, token: Token): Token {
  let next = token;
  while (isWord(next, "AND")) next = scanner.next();
  return next;
}

function parseCondition(scanner: Scanner, token: Token, vocabulary: Vocabulary, fields: Field[]): Condition {
  if (token.type !== "identifier") {
    throw scanner.error(token.position, `expected a name such as metrics.loss, found ${token.text}`);
  }
  const field = resolveField(scanner, token, vocabulary);
  if (field.words?.only === "orderBy") {
    throw scanner.error(token.position, `${vocabulary.entity} can be ordered by ${field.key}, not searched for it`);
  }
  fields.push(field);
  const operator = scanner.next();
  if (isWord(operator, "IS")) return parseNullTest(scanner, operator, field, vocabulary);
  const test = parseTest(scanner, operator, field);
  if (field.kind !== "dataset") return (entity) => test(fieldValue(entity, field));
  const key = field.key as keyof SearchableDataset;
  return (entity) => [...(entity.datasets?.() ?? [])].some((dataset) => test(dataset[key]));
}

function parseNullTest(scanner: Scanner, operator: Token, field: Field, { nullTests, entity }: Vocabulary): Condition {
  let token = scanner.next();
  const isNegated = isWord(token, "NOT");
  if (isNegated) token = scanner.next();
  if (!isWord(token, "NULL")) throw scanner.error(token.position, `expected NULL, found ${shown(token)}`);
  if (!nullTests.has(field.kind)) {
    const known = [...nullTests].map((kind) => `${kind}s`).join(" and ") || "nothing";
    throw scanner.error(operator.position, `of ${entity} ${known} can be asked for IS NULL, not ${field.key}`);
  }
  return (candidate) => (fieldValue(candidate, field) === undefined) !== isNegated;
}

/** The comparison behind a name. A value that is missing meets none. */
function parseTest(scanner: Scanner, operator: Token, field: Field): Test {
  const isNumber = field.kind === "metric" || field.words?.type === "number";
  return isNumber ? parseNumberTest(scanner, operator, field) : parseTextTest(scanner, operator, field);
}

function parseNumberTest(scanner: Scanner, operator: Token, field: Field): Test {
  const compare = operator.type === "operator" ? NUMBER_TESTS[operator.text] : undefined;
  if (compare === undefined) throw wrongOperator(scanner, operator, field, Object.keys(NUMBER_TESTS));
  const token = scanner.next();
  const wanted = numberOf(token, field);
  if (wanted === undefined) throw wrongValue(scanner, token, field, "a number");
  return (value) => typeof value === "number" && compare(value, wanted);
}

function numberOf(token: Token, field: Field): number | undefined {
  if (token.type === "number") return token.value;
  const isQuotedNumber =
    field.words?.mayBeQuoted === true && token.type === "string" && /^\s*[+-]?\d+\s*$/.test(token.value);
  return isQuotedNumber ? Number(token.value) : undefined;
}

function parseTextTest(scanner: Scanner, operator: Token, field: Field): Test {
  const takesList = field.kind === "dataset" || field.words?.takesList === true;
  const known = ["=", "!=", "LIKE", "ILIKE", ...(takesList ? ["IN", "NOT IN"] : [])];
  const name = operator.type === "identifier" ? operator.text.toUpperCase() : operator.text;
  if (takesList && (name === "IN" || name === "NOT")) {
    const isNegated = name === "NOT";
    const word = isNegated ? scanner.next() : operator;
    if (!isWord(word, "IN")) throw wrongOperator(scanner, operator, field, known);
    const wanted = new Set<unknown>(readTextList(scanner));
    return (value) => value !== undefined && wanted.has(value) !== isNegated;
  }
  if (!known.includes(name)) throw wrongOperator(scanner, operator, field, known);
  const token = scanner.next();
  const wanted = textOf(token);
  if (wanted === undefined) throw wrongValue(scanner, token, field, "a text in quotes");
  if (name === "=") return (value) => value === wanted;
  if (name === "!=") return (value) => value !== undefined && value !== wanted;
  const isLike = likePattern(wanted, name === "ILIKE");
  return (value) => typeof value === "string" && isLike(value);
}

function wrongOperator(scanner: Scanner, token: Token, field: Field, known: readonly string[]): TidemarkError {
  return scanner.error(token.position, `${field.key} is compared by one of ${known.join(" ")}, found ${shown(token)}`);
}

function wrongValue(scanner: Scanner, token: Token, field: Field, expected: string): TidemarkError {
  return scanner.error(token.position, `${field.key} is compared with ${expected}, found ${shown(token)}`);
}

const isWord = (token: Token, word: string): boolean =>
  token.type === "identifier" && token.text.toUpperCase() === word;
