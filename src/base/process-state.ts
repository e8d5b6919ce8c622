const STATE = Symbol.for("tidemark");

type Slots = Record<string, unknown>;

/**
 * State that exists once in a process, however many copies of this package are loaded: CommonJS and ESM builds and split
 * bundles each get modules of their own, so module variables would give a process two "active runs".
 *
 * A slot's shape is part of the contract between versions loaded side by side: rename the slot when its shape changes.
 */
export function processSlot<T>(name: string, create: () => T): T {
  const host = globalThis as unknown as { [STATE]?: Slots };
  if (host[STATE] === undefined) Object.defineProperty(host, STATE, { value: {}, enumerable: false });
  const slots = host[STATE] as Slots;
  if (!(name in slots)) slots[name] = create();
  return slots[name] as T;
}
