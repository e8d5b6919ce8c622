/** How a scalar stood in the file, where writing its value would give another one. */
interface Spelling {
  readonly value: unknown;
  readonly text: string;
}

const valueSpellings = new WeakMap<object, Map<string, Spelling>>();
const keySpellings = new WeakMap<object, Map<string, string>>();

/**
 * Keeps what JavaScript's values cannot say: `1.0` is no `1` to Python, and a date is no text. A value that is written back from the
 * container it was read into is spelled as it was.
 */
export function rememberSpelling(container: object, key: string, value: unknown, text: string): void {
  remember(valueSpellings, container, key, { value, text });
}

/** The same for a key that was a number, say. */
export function rememberKeySpelling(container: object, key: string, text: string): void {
  remember(keySpellings, container, key, text);
}

/** How the value was spelled, unless it has changed since. */
export function spellingOf(container: object, key: string, value: unknown): string | undefined {
  const spelling = valueSpellings.get(container)?.get(key);
  return spelling !== undefined && Object.is(spelling.value, value) ? spelling.text : undefined;
}

export function keySpellingOf(container: object, key: string): string | undefined {
  return keySpellings.get(container)?.get(key);
}

function remember<T>(spellings: WeakMap<object, Map<string, T>>, container: object, key: string, spelling: T): void {
  const known = spellings.get(container) ?? new Map<string, T>();
  spellings.set(container, known.set(key, spelling));
}
