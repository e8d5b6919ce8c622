/** What a marker says: this head has, or will have, this revision. */
export interface MarkerName {
  readonly id: string;
  readonly rev: number;
  /** Tells two writers apart. */
  readonly nonce: string;
}

/** @param index - Directory of the index. */
export const dirtyDirectory = (index: string): string => `${index}/dirty/`;

export const dirtyKey = (index: string, { id, rev, nonce }: MarkerName): string =>
  `${dirtyDirectory(index)}${id}.${rev}.${nonce}`;

/** `undefined` for what is no marker. */
export function parseDirtyKey(key: string): MarkerName | undefined {
  const [, id = "", rev = "", nonce = ""] = /\/dirty\/([\w-]+)\.(\d{1,15})\.(\w+)$/.exec(key) ?? [];
  return id === "" ? undefined : { id, rev: Number(rev), nonce };
}
