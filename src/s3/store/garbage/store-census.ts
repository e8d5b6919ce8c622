import type { StoreObjects } from "../store-objects.ts";

/** The objects of one run or model. */
export interface ObjectGroup {
  /** When its head was written, in milliseconds since 1970; `undefined` where there is none. */
  headTime: number | undefined;
  /** Of all objects. */
  newest: number;
  bytes: number;
  /** Beside the head. */
  others: number;
}

const GROUPED = /^(?:runs\/run=|logged-models\/model=)([^/]+)\/(.*)$/;
const HEADS: ReadonlySet<string> = new Set(["run.json", "model.json"]);

/** What there is of every run, or of every logged model, by id. One request for a thousand objects. */
export async function censusOf(
  objects: StoreObjects,
  directory: "runs/" | "logged-models/",
): Promise<Map<string, ObjectGroup>> {
  const groups = new Map<string, ObjectGroup>();
  for await (const { key, sizeBytes, lastModified } of objects.each(directory)) {
    const [, id, rest] = GROUPED.exec(key) ?? [];
    if (id === undefined || rest === undefined) continue;
    const group = groups.get(id) ?? { headTime: undefined, newest: 0, bytes: 0, others: 0 };
    groups.set(id, group);
    // What has no time is new.
    const time = lastModified.getTime() || Number.POSITIVE_INFINITY;
    group.newest = Math.max(group.newest, time);
    group.bytes += sizeBytes;
    if (HEADS.has(rest)) group.headTime = time;
    else group.others++;
  }
  return groups;
}
