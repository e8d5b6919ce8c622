/** Below this a prefix finds runs by chance. */
const SHORTEST_PREFIX = 4;
/** Names the run that was started last. */
export const LATEST = "latest";

/**
 * Reads what names a run on the command line.
 *
 * @throws {RangeError}
 */
export function parseRunName(text: string): string {
  if (/^[a-zA-Z0-9][\w-]*$/.test(text) && text.length >= SHORTEST_PREFIX) return text;
  throw new RangeError(
    `A run is named by its id, the first ${SHORTEST_PREFIX} or more characters of it, or "${LATEST}".`,
  );
}
