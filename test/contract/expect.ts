import assert from "node:assert/strict";

/** What a test says of a value. Few words of what test frameworks have: this suite runs without one. */
export interface Expectation {
  /** The same value: NaN is NaN, 0 is not -0. */
  toBe(expected: unknown): void;
  /** Equal in all parts. */
  toEqual(expected: unknown): void;
  /** Has at least these parts. Lists have as many, each with at least these parts. */
  toMatchObject(expected: object): void;
  toMatch(pattern: RegExp): void;
}

/** What a test says of a promise. */
export interface Rejection {
  /** It rejects, with an error that has at least these parts. */
  toReject(expected: object): Promise<void>;
}

export function expect(actual: unknown, what?: string): Expectation {
  return {
    toBe: (expected) => assert.ok(Object.is(actual, expected), failure(what, "is", actual, expected)),
    toEqual: (expected) => {
      try {
        assert.deepStrictEqual(actual, expected);
      } catch (error) {
        // Its message shows the difference line by line.
        throw what === undefined
          ? error
          : new assert.AssertionError({ message: `${what}: ${(error as Error).message}` });
      }
    },
    toMatchObject: (expected) => {
      const difference = missingPart(actual, expected, what ?? "it");
      if (difference !== undefined) assert.fail(difference);
    },
    toMatch: (pattern) => assert.ok(pattern.test(String(actual)), failure(what, "matches", actual, pattern)),
  };
}

export const expectThat = (promise: Promise<unknown>, what?: string): Rejection => ({
  toReject: async (expected) => {
    const error = await promise.then(
      (value) =>
        assert.fail(`${what ?? "it"} should have been refused with ${show(expected)}, and answered ${show(value)}`),
      (reason: unknown) => reason,
    );
    if (error instanceof assert.AssertionError) throw error;
    const difference = missingPart(error, expected, what ?? "the error");
    if (difference !== undefined) assert.fail(`${difference}; the error says: ${(error as Error).message}`);
  },
});

const failure = (what = "it", verb: string, actual: unknown, expected: unknown) =>
  `${what} ${verb} ${show(expected)}: got ${show(actual)}`;

/** The first place where a value lacks a part it should have. */
function missingPart(actual: unknown, expected: unknown, place: string): string | undefined {
  if (typeof expected !== "object" || expected === null || ArrayBuffer.isView(expected)) {
    return isSame(actual, expected) ? undefined : `${place} should be ${show(expected)}, and is ${show(actual)}`;
  }
  if (typeof actual !== "object" || actual === null) return `${place} should be an object, and is ${show(actual)}`;
  if (Array.isArray(expected) && (actual as readonly unknown[]).length !== expected.length) {
    return `${place} should have ${expected.length} entries, and is ${show(actual)}`;
  }
  for (const [key, part] of Object.entries(expected)) {
    if (!Object.hasOwn(actual, key)) return `${place} has no ${JSON.stringify(key)}`;
    const difference = missingPart((actual as Record<string, unknown>)[key], part, `${place}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isSame(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

const LONGEST_SHOWN = 300;

function show(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
