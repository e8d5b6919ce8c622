// biome-ignore lint/suspicious/noExplicitAny: methods of classes that are only known by their names
export type Method = (this: any, ...args: any[]) => any;

interface Patch {
  readonly owner: object;
  readonly name: string;
  readonly original: PropertyDescriptor;
  readonly replacement: Method;
}

/** Methods that were replaced on the prototypes of classes, and can be put back as they were. */
export class Patches {
  #patches: Patch[] = [];

  has(owner: object): boolean {
    return this.#patches.some((patch) => patch.owner === owner);
  }

  /** Replaces methods of a prototype's own: what it inherits is hit where it stands. */
  replace(owner: object, replacements: Readonly<Record<string, (original: Method) => Method>>): void {
    for (const [name, wrap] of Object.entries(replacements)) {
      const original = Object.getOwnPropertyDescriptor(owner, name);
      if (typeof original?.value !== "function" || original.configurable !== true) continue;
      const replacement = wrap(original.value);
      for (const fact of ["name", "length"] as const) {
        Object.defineProperty(replacement, fact, { value: original.value[fact], configurable: true });
      }
      Object.defineProperty(owner, name, { ...original, value: replacement });
      this.#patches.push({ owner, name, original, replacement });
    }
  }

  /** Puts the originals back, but where somebody else has replaced the method since: theirs may call ours. */
  restore(): void {
    for (const { owner, name, original, replacement } of this.#patches.reverse()) {
      if (Reflect.get(owner, name) === replacement) Object.defineProperty(owner, name, original);
    }
    this.#patches = [];
  }
}
