import type { Garbage } from "../../contract/garbage-store.ts";
import type { Reference } from "./references.ts";

/** By what a candidate is referred to: its id, which what is left of a run or model has in the name of its directory. */
export const nameOf = ({ kind, id }: Garbage): string => (kind === "orphan" ? (/[^/=]*$/.exec(id)?.[0] ?? id) : id);

/** Why each of the candidates that stay stays, by id. */
export async function keepReferenced(
  candidates: ReadonlyMap<string, Garbage>,
  references: AsyncIterable<Reference>,
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  /** References of candidates: they only count where the candidate itself stays. */
  const waiting = new Map<string, Reference[]>();
  const keep = ({ by, to }: Reference): void => {
    for (const id of to) {
      if (reasons.has(id)) continue;
      const isExperiment = candidates.get(id)?.kind === "experiment";
      reasons.set(id, isExperiment ? `${by} is in it` : `${by} refers to it`);
      // What stays keeps what it refers to.
      for (const next of waiting.get(id) ?? []) keep(next);
    }
  };
  const add = (reference: Reference): void => {
    const { from } = reference;
    if (from === undefined || !candidates.has(from) || reasons.has(from)) keep(reference);
    else waiting.set(from, [...(waiting.get(from) ?? []), reference]);
  };
  for (const [name, { kind, experimentId = "", refersTo = [] }] of candidates) {
    const to = [experimentId, ...refersTo].filter((id) => candidates.has(id));
    if (kind !== "experiment") add({ by: `${kind.replace("-", " ")} ${name}`, from: name, to });
  }
  for await (const reference of references) add(reference);
  return reasons;
}
