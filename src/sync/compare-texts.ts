import { TidemarkError } from "../base/errors.ts";
import { keyProblem } from "../base/key-rules.ts";
import { isLongerThan } from "../base/text.ts";
import type { Ledger } from "./ledger.ts";

export type Texts = Readonly<Record<string, string>>;

/** How texts of one kind are compared. */
export interface TextRules {
  /** Before the key in reports: `params`, `tags`. */
  readonly kind: string;
  /** The longest value that may be written. */
  readonly mostCharacters: number;
  /** The source's value takes the place of another one, without being a conflict. */
  readonly isAhead: boolean;
  /** Where it is a conflict, the source's value is written all the same. */
  readonly overwrite: boolean;
}

/** What a target lacks of a source's texts. */
export interface TextDifference {
  /** What is to be written. */
  readonly wanted: ReadonlyMap<string, string>;
  readonly equalCount: number;
  /** Says in a ledger what differs, and what may not be written. */
  readonly record: (ledger: Ledger, where: string) => void;
}

/** Compares texts by their keys. What only the target has is left alone. */
export function compareTexts(source: Texts, target: Texts, rules: TextRules): TextDifference {
  const wanted = new Map<string, string>();
  const conflicts: [key: string, source: string, target: string][] = [];
  const refused: [key: string, problem: string][] = [];
  let equalCount = 0;
  for (const [key, value] of Object.entries(source)) {
    const there = Object.hasOwn(target, key) ? target[key] : undefined;
    const problem = there === value ? undefined : textProblem(key, value, rules.mostCharacters);
    if (there === value) equalCount++;
    else if (problem !== undefined) refused.push([key, problem]);
    else {
      const isConflict = there !== undefined && !rules.isAhead;
      if (isConflict) conflicts.push([key, value, there]);
      if (!isConflict || rules.overwrite) wanted.set(key, value);
    }
  }
  return {
    wanted,
    equalCount,
    record: (ledger, where) => {
      for (const [key, value, there] of conflicts) {
        ledger.conflict(where, `${rules.kind}.${key}`, value, there, rules.overwrite);
      }
      for (const [key, problem] of refused) ledger.failure(where, `${rules.kind}.${key}`, notAllowed(key, problem));
    },
  };
}

/** The same where the target has nothing yet. */
export const allowedTexts = (source: Texts, rules: Omit<TextRules, "isAhead" | "overwrite">): TextDifference =>
  compareTexts(source, {}, { ...rules, isAhead: true, overwrite: false });

function textProblem(key: string, value: string, mostCharacters: number): string | undefined {
  const problem = keyProblem(key);
  if (problem !== undefined) return `the key ${problem}`;
  return isLongerThan(value, mostCharacters)
    ? `the value is longer than ${mostCharacters} characters, which MLflow does not allow`
    : undefined;
}

const notAllowed = (key: string, problem: string): TidemarkError =>
  new TidemarkError("INVALID_PARAMETER_VALUE", problem, { details: { key } });

/** Pairs as sinks take them. */
export const pairsOf = (texts: ReadonlyMap<string, string>) => [...texts].map(([key, value]) => ({ key, value }));
