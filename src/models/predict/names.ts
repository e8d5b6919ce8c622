import { TidemarkError } from "../../base/errors.ts";
import { nearestName } from "./nearest-name.ts";

const MOST_SHOWN = 20;

/** Names for a message; of very many the first ones. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_SHOWN).map((name) => JSON.stringify(name));
  return names.length > MOST_SHOWN ? `${shown.join(", ")} and ${names.length - MOST_SHOWN} more` : shown.join(", ");
}

/** Refuses an input that lacks names: all of them at once, each with the one that was probably meant. */
export function missingNames(
  place: string,
  missing: readonly string[],
  given: Iterable<string>,
  expected: readonly string[],
): TidemarkError {
  const spare = [...given].filter((name) => !expected.includes(name));
  const parts = missing.slice(0, MOST_SHOWN).map((name) => {
    const near = nearestName(name, spare);
    return near === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (there is ${JSON.stringify(near)})`;
  });
  if (missing.length > MOST_SHOWN) parts.push(`${missing.length - MOST_SHOWN} more`);
  return new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `${place}: got no ${parts.join(", ")}; expected ${listOf(expected)}`,
    { details: { argument: place, missing } },
  );
}

/** Refuses names that nothing takes. */
export function unknownNames(place: string, unknown: readonly string[], expected: readonly string[]): TidemarkError {
  const parts = unknown.slice(0, MOST_SHOWN).map((name) => {
    const near = nearestName(name, expected);
    return near === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (is ${JSON.stringify(near)} meant?)`;
  });
  const allowed = expected.length === 0 ? "none" : `only ${listOf(expected)}`;
  return new TidemarkError("INVALID_PARAMETER_VALUE", `${place}: got ${parts.join(", ")}; expected ${allowed}`, {
    details: { argument: place, unknown },
  });
}
