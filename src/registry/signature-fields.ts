/**
 * The fields of a part of a signature, by name: an MLmodel keeps them as a text with a JSON list. What is no such text is one field, as it
 * stands, so that a change of it still shows.
 */
export function signatureFields(text: unknown): Readonly<Record<string, unknown>> {
  if (text === undefined || text === null) return {};
  const fields = parseList(text);
  if (fields === undefined) return { "": text };
  return Object.fromEntries(fields.map((field, index) => [nameOf(field) ?? `#${index}`, field]));
}

function parseList(text: unknown): readonly unknown[] | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(field: unknown): string | undefined {
  const name = typeof field === "object" && field !== null && "name" in field ? field.name : undefined;
  return typeof name === "string" ? name : undefined;
}
