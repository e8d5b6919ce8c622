import { type Field, fieldValue, resolveField } from "./field.ts";
import { Scanner, type Token } from "./scanner.ts";
import type { Searchable } from "./searchable.ts";
import { shown } from "./text-values.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a list is ordered by, most important first. */
export interface SortKey {
  readonly isAscending: boolean;
  read(entity: Searchable): string | number | undefined;
}

/** One that reads a field. */
export interface FieldSortKey extends SortKey {
  readonly field: Field;
}

/**
 * Reads what to order by, in MLflow's grammar: `metrics.loss DESC`. The keys end with those that tell equal entities apart.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `details.position` is the place, from 0
 */
export function parseOrderBy(orderBy: readonly string[] | undefined, vocabulary: Vocabulary): FieldSortKey[] {
  const isAsked = orderBy !== undefined && orderBy.length > 0;
  const expressions = isAsked ? [...orderBy, ...vocabulary.ties] : [...vocabulary.defaultOrder, ...vocabulary.ties];
  return expressions.map((text, index) => parseSortKey(new Scanner(`orderBy.${index}`, text), vocabulary));
}

function parseSortKey(scanner: Scanner, vocabulary: Vocabulary): FieldSortKey {
  const token = scanner.next();
  if (token.type !== "identifier") {
    throw scanner.error(token.position, `expected a name such as metrics.loss, found ${shown(token)}`);
  }
  const field = resolveField(scanner, token, vocabulary);
  if (!vocabulary.orders.has(field.kind)) {
    throw scanner.error(token.position, `${vocabulary.entity} cannot be ordered by a ${field.kind}`);
  }
  if (field.words?.only === "filter") {
    throw scanner.error(token.position, `${vocabulary.entity} can be searched for ${field.key}, not ordered by it`);
  }
  const direction = scanner.next();
  const isAscending = parseDirection(scanner, direction);
  const rest = direction.type === "end" ? direction : scanner.next();
  if (rest.type !== "end") throw scanner.error(rest.position, `expected the end, found ${shown(rest)}`);
  return sortKey(field, isAscending);
}

function parseDirection(scanner: Scanner, token: Token): boolean {
  const word = token.text.toUpperCase();
  if (token.type === "end" || word === "ASC") return true;
  if (word === "DESC") return false;
  throw scanner.error(token.position, `expected ASC or DESC, found ${shown(token)}`);
}

const sortKey = (field: Field, isAscending: boolean): FieldSortKey => ({
  field,
  isAscending,
  read: (entity) => fieldValue(entity, field),
});
