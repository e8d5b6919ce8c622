import { z } from "zod";
import { stepSchema } from "./metric.ts";
import { keyOf } from "./text.ts";

/** Short enough for the key of a tag, and no path. */
const MARK_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_. -]{0,99}$/u;

export const markNameSchema = z.string().regex(MARK_NAME, {
  error: 'is not 1 to 100 letters, digits, "_", "-", "." and spaces, the first a letter, a digit or "_"',
});

/** By key: the first step that is not kept. */
export const fromStepSchema = z.record(keyOf("metric"), stepSchema);
