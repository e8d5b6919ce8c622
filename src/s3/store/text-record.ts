import { z } from "zod";

/** Texts by key. Not `z.record`, which leaves out "__proto__": that is a key like any other. */
export const textRecord = z.custom<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string"),
  { error: "is no object of texts" },
);

/** The same with some more. Entries, not assignments, for the same reason. */
export const withTexts = (
  texts: Readonly<Record<string, string>>,
  more: readonly (readonly [key: string, value: string])[],
): Record<string, string> => Object.fromEntries([...Object.entries(texts), ...more]);

export const withoutKey = <T>(values: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));

export const sortedByKey = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
