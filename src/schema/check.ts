import type { z } from "zod";
import { describe, TidemarkError } from "../base/errors.ts";

/**
 * Checks a caller's argument once, at the door, and answers it typed. The error names the field, what it was and what is
 * allowed; unknown fields are refused by name.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function checkArgument<T extends z.ZodType>(argument: string, schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => explain(argument, issue));
  throw new TidemarkError("INVALID_PARAMETER_VALUE", problems.join("; "), { details: { argument } });
}

function explain(argument: string, issue: z.core.$ZodIssue): string {
  const place = [argument, ...issue.path.map(String)].join(".");
  if (issue.code === "unrecognized_keys") return `${place}: unknown option ${issue.keys.map(describe).join(", ")}`;
  if (issue.code === "invalid_key") return issue.issues.map((inner) => explain(place, inner)).join("; ");
  const message = issue.message.replace(/^Invalid (input|option): /, "");
  return `${place}: ${message}; got ${describe(issue.input)}`;
}
