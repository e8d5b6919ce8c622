/** The last work of every name. Plain, so that all copies of this package in a process can share one. */
export type Lines = Map<string, Promise<unknown>>;

/** Does something after all earlier work of the same name, whatever became of that. */
export async function inLine<T>(lines: Lines, name: string, work: () => Promise<T>): Promise<T> {
  const own = (lines.get(name) ?? Promise.resolve()).then(work, work);
  lines.set(name, own);
  try {
    return await own;
  } finally {
    if (lines.get(name) === own) lines.delete(name);
  }
}
