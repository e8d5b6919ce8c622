import type { RunQuery } from "../../contract/tracking-store.ts";
import { parseFilter } from "../../search/filter.ts";
import { parseOrderBy } from "../../search/order-by.ts";
import { RUN_VOCABULARY } from "../../search/vocabulary.ts";

/**
 * Whether a search for runs looks at metrics: then those of open runs have to be read before it.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function asksForMetrics({ filter, orderBy }: Pick<RunQuery, "filter" | "orderBy">): boolean {
  if (parseFilter(filter, RUN_VOCABULARY).kinds.has("metric")) return true;
  let isAsked = false;
  const watched = {
    attribute: () => undefined,
    metric: () => {
      isAsked = true;
      return undefined;
    },
    param: () => undefined,
    tag: () => undefined,
  };
  for (const key of parseOrderBy(orderBy, RUN_VOCABULARY)) key.read(watched);
  return isAsked;
}
