import fc from "fast-check";

/** What a search asks for, in the words of the client's calls. */
export interface SearchExpression {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** The words expressions are made of: keys and values that the entities under test have, and some that they don't. */
export interface ExpressionWords {
  /** Fields with numbers, as they stand in an expression. */
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  /** Fields that may be compared with a list. */
  readonly lists: readonly string[];
  /** Fields that may be asked for IS NULL. */
  readonly nullable: readonly string[];
  readonly orders: readonly string[];
  readonly numberValues: readonly string[];
  /** In quotes. */
  readonly textValues: readonly string[];
}

const pick = (words: readonly string[]) => fc.constantFrom(...words);
const NUMBER_OPERATORS = ["=", "!=", "<", "<=", ">", ">="];
const TEXT_OPERATORS = ["=", "!=", "LIKE", "ILIKE", "like", "Ilike"];

/** Expressions of the grammar, and now and then one with a word in the wrong place. */
export function searchExpressions(words: ExpressionWords): fc.Arbitrary<SearchExpression> {
  const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(" "));
  const list = fc
    .array(pick(words.textValues), { minLength: 1, maxLength: 3 })
    .map((values) => `(${values.join(", ")})`);
  const clauses = [
    ...(words.numbers.length === 0
      ? []
      : [join(pick(words.numbers), pick(NUMBER_OPERATORS), pick(words.numberValues))]),
    join(pick(words.texts), pick(TEXT_OPERATORS), pick(words.textValues)),
    ...(words.lists.length === 0 ? [] : [join(pick(words.lists), pick(["IN", "NOT IN", "in"]), list)]),
    ...(words.nullable.length === 0 ? [] : [join(pick(words.nullable), pick(["IS NULL", "IS NOT NULL", "is null"]))]),
  ];
  const clause = fc.oneof(...clauses);
  const sound = fc.array(clause, { minLength: 1, maxLength: 3 }).map((each) => each.join(" AND "));
  const wrong = fc.oneof(
    join(pick([...words.numbers, ...words.texts]), pick(["=", ">", "LIKE", "IN", "IS NULL"]), pick(words.textValues)),
    join(pick([...words.numbers, ...words.texts]), pick(["=", "<", "ILIKE"]), pick(words.numberValues)),
    join(clause, pick(["OR", ",", ";", "NOT"]), clause),
  );
  const direction = pick(["", " ASC", " DESC", " desc"]);
  const order = fc.tuple(pick(words.orders), direction).map((parts) => parts.join(""));
  return fc.record(
    {
      filter: fc.oneof({ weight: 5, arbitrary: sound }, { weight: 1, arbitrary: wrong }),
      orderBy: fc.array(order, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
}
