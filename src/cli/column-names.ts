const ATTRIBUTES = ["id", "name", "experiment", "status", "started", "ended", "duration", "user", "lastSign"] as const;
export type AttributeColumn = (typeof ATTRIBUTES)[number];

/** What one column of a list of runs shows. */
export type RunColumn =
  | { readonly kind: "attribute"; readonly key: AttributeColumn }
  | { readonly kind: "metrics" | "params" | "tags"; readonly key: string };

/**
 * Reads `id,metrics.loss,params.lr`. Keys hold no commas.
 *
 * @throws {RangeError}
 */
export function parseColumns(text: string): RunColumn[] {
  return text.split(",").map((part): RunColumn => {
    const name = part.trim();
    const [, kind, key] = /^(metrics|params|tags)\.(.+)$/.exec(name) ?? [];
    if (kind !== undefined && key !== undefined) return { kind: kind as "metrics" | "params" | "tags", key };
    const attribute = ATTRIBUTES.find((known) => known === name);
    if (attribute !== undefined) return { kind: "attribute", key: attribute };
    throw new RangeError(
      `There is no column "${name}"; known are ${ATTRIBUTES.join(", ")}, metrics.…, params.…, tags.…`,
    );
  });
}
