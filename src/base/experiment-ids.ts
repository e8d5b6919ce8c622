import { createHash } from "node:crypto";

/** The experiment that every store of MLflow has. */
export const DEFAULT_EXPERIMENT_ID = "0";
export const DEFAULT_EXPERIMENT_NAME = "Default";

const SMALLEST_ID = 10n ** 17n;

/**
 * The id of an experiment follows from its name, so that processes that create one name at once meet in one place. Later attempts are for names
 * whose first id belongs to an experiment that has another name by now.
 */
export function experimentIdFor(name: string, attempt: number): string {
  if (name === DEFAULT_EXPERIMENT_NAME && attempt === 0) return DEFAULT_EXPERIMENT_ID;
  const digest = createHash("sha256")
    .update(attempt === 0 ? name : `${name}\0${attempt}`)
    .digest("hex");
  // 18 decimal digits like MLflow's, the first not 0: they fit in the 64 bits of its database.
  return String(SMALLEST_ID + (BigInt(`0x${digest}`) % (9n * SMALLEST_ID)));
}
