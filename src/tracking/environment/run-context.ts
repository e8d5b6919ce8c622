import { warnOnce } from "../../base/diagnostics.ts";
import { readEnv } from "../../base/env.ts";
import { messageOf } from "../../base/errors.ts";
import { checkKey } from "../../base/key-rules.ts";

const VARIABLE = "MLFLOW_RUN_CONTEXT";

/** The tags whoever started this process gave it: a JSON object in `MLFLOW_RUN_CONTEXT`. */
export function runContextTags(): Record<string, string> {
  const text = readEnv(VARIABLE);
  if (text === undefined) return {};
  try {
    const context: unknown = JSON.parse(text);
    if (typeof context !== "object" || context === null || Array.isArray(context)) throw new Error("not a JSON object");
    return Object.fromEntries(Object.entries(context).map(([key, value]) => [checkedKey(key), textOf(value)]));
  } catch (error) {
    warnOnce(`env:${VARIABLE}`, `${VARIABLE} is ignored: ${messageOf(error)}`);
    return {};
  }
}

function checkedKey(key: string): string {
  checkKey("tag", key);
  return key;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
