import { safeJson } from "./text.ts";

/** JSON of whole entities. Numbers that JSON has not are the texts "NaN", "Infinity" and "-Infinity". */
export function jsonText(value: unknown, indent?: number): string {
  const replace = (_: string, held: unknown) =>
    typeof held === "number" && !Number.isFinite(held) ? String(held) : held;
  return safeJson(JSON.stringify(value, replace, indent));
}
