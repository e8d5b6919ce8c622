import { describe, TidemarkError } from "./errors.ts";
import { relativePathProblem } from "./paths.ts";
import { isLongerThan } from "./text.ts";

/** What a key names. */
export type KeyKind = "metric" | "param" | "tag";

/** Characters in the key of a metric, param or tag (mlflow/utils/validation.py). */
export const MAX_KEY_LENGTH = 250;

// MLflow's `^[/\w.\- :]*$`, where Python's `\w` is every letter and number of Unicode and the underscore.
const KEY_CHARACTERS = /^[/\p{L}\p{N}_.\- :]+$/u;

// Nearly every key is one of these, and they are seen in thousands.
const USUAL_KEY = /^\w[\w.-]{0,99}$/;

/**
 * Checks a key by MLflow's rules: characters, length, and that it is a normalised relative path, since stores on disk turn
 * it into one.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function checkKey(kind: KeyKind, key: unknown): asserts key is string {
  const problem = keyProblem(key);
  if (problem !== undefined) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `${kind} key ${describe(key)} ${problem}`, {
      details: { argument: "key" },
    });
  }
}

/** What is wrong with a key, if anything is. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== "string") return "is not a string";
  if (USUAL_KEY.test(key)) return undefined;
  if (key === "") return "is empty";
  if (isLongerThan(key, MAX_KEY_LENGTH)) return `is longer than ${MAX_KEY_LENGTH} characters`;
  if (!KEY_CHARACTERS.test(key)) {
    return 'holds a character that MLflow does not allow; allowed are letters, digits, "_", "-", ".", ":", "/" and space';
  }
  const pathProblem = relativePathProblem(key);
  return pathProblem === undefined ? undefined : `${pathProblem}: keys may be paths, but only normalised relative ones`;
}
