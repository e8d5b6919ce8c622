/** By this method Deno's Jupyter kernel asks an object how it is to be shown. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** The same content in several forms, by MIME type; a notebook takes the best one it can show. */
export type MimeBundle = Readonly<Record<string, string>>;

/**
 * Lets an entity be shown in a notebook. Nobody else sees the method: not JSON, not comparisons, not `{ ...entity }`. One function serves
 * all entities, which it gets as `this`.
 */
export function displayedBy<Entity extends object>(
  entity: Entity,
  show: (this: Entity) => Promise<MimeBundle>,
): Entity {
  // Backends may answer the same object again, or one that is frozen.
  if (DISPLAY in entity || !Object.isExtensible(entity)) return entity;
  return Object.defineProperty(entity, DISPLAY, { value: show });
}
