/** How one set of named values became another. */
export interface Changes<T> {
  readonly added: Readonly<Record<string, T>>;
  readonly removed: Readonly<Record<string, T>>;
  readonly changed: Readonly<Record<string, { readonly from: T; readonly to: T }>>;
}

/** What must be done to `from` to get `to`. NaN is equal to NaN; of objects the order of keys does not count. */
export function changesBetween<T>(from: Readonly<Record<string, T>>, to: Readonly<Record<string, T>>): Changes<T> {
  const entries = <V>(record: Readonly<Record<string, V>>) => Object.entries(record);
  const common = entries(from).filter(([key]) => Object.hasOwn(to, key));
  return {
    added: Object.fromEntries(entries(to).filter(([key]) => !Object.hasOwn(from, key))),
    removed: Object.fromEntries(entries(from).filter(([key]) => !Object.hasOwn(to, key))),
    changed: Object.fromEntries(
      common
        .filter(([key, value]) => !isEqual(value, to[key]))
        .map(([key, value]) => [key, { from: value, to: to[key] as T }]),
    ),
  };
}

/** Whether nothing changes. */
export const isUnchanged = ({ added, removed, changed }: Changes<unknown>): boolean =>
  [added, removed, changed].every((record) => Object.keys(record).length === 0);

/** For values as JSON has them. `isDeepStrictEqual` of `node:util` finds NaN different from NaN in Deno. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return a === b || (Number.isNaN(a) && Number.isNaN(b));
  const [x, y] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    x.length === Object.keys(b).length &&
    x.every(([key, value]) => Object.hasOwn(y, key) && isEqual(value, y[key]))
  );
}
