const collator = new Intl.Collator("en", { numeric: true });

/** The order in which people look for names: `w2` before `w10`. */
export const byName = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
