import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { checkKey, type KeyKind } from "../base/key-rules.ts";
import { isLongerThan } from "../base/text.ts";

/** A string of at most `limit` characters, counted as MLflow counts them. */
export const textUpTo = (limit: number) =>
  z.string().refine((text) => !isLongerThan(text, limit), { error: `is longer than ${limit} characters` });

/** A string of 1 to `limit` characters. */
export const someTextUpTo = (limit: number) => textUpTo(limit).min(1, { error: "is empty" });

/** The key of a metric, param or tag. */
export const keyOf = (kind: KeyKind) =>
  z.string().check((context) => {
    try {
      checkKey(kind, context.value);
    } catch (error) {
      context.issues.push({ code: "custom", input: context.value, message: messageOf(error) });
    }
  });

/** Milliseconds since 1970, as MLflow stores times. */
export const timestampMs = z.int().nonnegative();
