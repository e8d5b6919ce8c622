/** What holds entries: a batch, or positions in one. */
interface Counted {
  readonly metrics: { readonly length: number };
  readonly params: { readonly length: number };
  readonly tags: { readonly length: number };
  readonly inputs: { readonly length: number };
  readonly marks?: { readonly length: number };
}

/** How many entries of all kinds that are. */
export const countEntries = ({ metrics, params, tags, inputs, marks }: Counted): number =>
  metrics.length + params.length + tags.length + inputs.length + (marks?.length ?? 0);
