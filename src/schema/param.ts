import { z } from "zod";
import { MAX_PARAM_VALUE_LENGTH, MAX_TAG_VALUE_LENGTH } from "./limits.ts";
import { keyOf, textUpTo } from "./text.ts";

export const paramSchema = z.strictObject({ key: keyOf("param"), value: textUpTo(MAX_PARAM_VALUE_LENGTH) });
/** A param of a run: set once, never changed. @interface */
export type Param = Readonly<z.infer<typeof paramSchema>>;

export const tagSchema = z.strictObject({ key: keyOf("tag"), value: textUpTo(MAX_TAG_VALUE_LENGTH) });
/** A tag of a run: may be set again, the last one wins. @interface */
export type Tag = Readonly<z.infer<typeof tagSchema>>;
