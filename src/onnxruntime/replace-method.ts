/** A method of any class, as a hook sees it: what it is called on, and what with. */
export type AnyMethod = (this: object, ...args: unknown[]) => unknown;

/**
 * Puts a hook in the place of a method, or of a static one. Answers what puts the method back exactly as it was, or `undefined` where there
 * is no such method of its own, or none that can be replaced.
 *
 * A hook must do as the original does once it is put back: others may have replaced it in the meantime, and still call it.
 */
export function replaceMethod(
  owner: object,
  name: string,
  hookFor: (original: AnyMethod) => AnyMethod,
): (() => void) | undefined {
  const saved = Object.getOwnPropertyDescriptor(owner, name);
  if (saved?.configurable !== true || typeof saved.value !== "function") return undefined;
  const hook = hookFor(saved.value as AnyMethod);
  Object.defineProperty(hook, "name", { value: name, configurable: true });
  Object.defineProperty(owner, name, { ...saved, value: hook });
  return () => {
    // Whoever has replaced it since then keeps what he put there.
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === hook) Object.defineProperty(owner, name, saved);
  };
}
