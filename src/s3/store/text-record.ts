import { z } from "zod";

/** Texts by key. Not `z.record`, which leaves out "__proto__": that is a key like any other. */
export const textRecord = z.custom<Readonly<Record<string, string>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value) && hasOnlyTexts(value),
  { error: "is no object of texts" },
);

/** Without a list of the values: an index has tens of thousands of such objects. */
function hasOnlyTexts(values: object): boolean {
  for (const key in values) if (typeof values[key as keyof typeof values] !== "string") return false;
  return true;
}

/** The same with some more. Entries, not assignments, for the same reason. */
export const withTexts = (
  texts: Readonly<Record<string, string>>,
  more: readonly (readonly [key: string, value: string])[],
): Record<string, string> => Object.fromEntries([...Object.entries(texts), ...more]);

export const withoutKey = <T>(values: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));

export const sortedByKey = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
