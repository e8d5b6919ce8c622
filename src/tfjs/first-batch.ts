interface IterableDataset {
  iterator(): Promise<{ next(): Promise<{ value: unknown; done: boolean }> }>;
}

/** The same dataset, whose very first element is shown to `see` before the training has it. */
export function watchFirst(dataset: unknown, see: (element: unknown) => void): unknown {
  if (typeof (dataset as Partial<IterableDataset> | null)?.iterator !== "function") return dataset;
  const original = dataset as IterableDataset;
  let isSeen = false;
  return Object.create(original, {
    size: { value: Reflect.get(original, "size") },
    iterator: {
      value: async () => {
        const iterator = await original.iterator();
        if (isSeen) return iterator;
        return {
          next: async () => {
            const element = await iterator.next();
            if (!isSeen && element.value != null) {
              isSeen = true;
              see(element.value);
            }
            return element;
          },
        };
      },
    },
  });
}
