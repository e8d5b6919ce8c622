import { TidemarkError } from "../base/errors.ts";
import { parseFilter } from "../search/filter.ts";
import { parseOrderBy } from "../search/order-by.ts";
import type { Vocabulary } from "../search/vocabulary.ts";

/** Runs a search. Where the server refuses an expression, our own parser says at which place, if it sees the same. */
export async function placeError<T>(
  { filter, orderBy = [] }: { readonly filter?: string | undefined; readonly orderBy?: readonly string[] | undefined },
  vocabulary: Vocabulary,
  search: () => Promise<T>,
): Promise<T> {
  try {
    return await search();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "INVALID_PARAMETER_VALUE") {
      parseFilter(filter, vocabulary);
      parseOrderBy(orderBy, vocabulary);
    }
    throw error;
  }
}
