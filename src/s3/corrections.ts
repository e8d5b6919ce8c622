import type { S3Refusal } from "./s3-error.ts";
import type { ServerClock } from "./server-clock.ts";

/** What may be wrong with a request itself, or stood in its way for a moment, and is put right once. */
export type Correction = "clock" | "credentials" | "region" | "directory";

/**
 * S3 says in these ways what is wrong with a request; an answer to HEAD has no body, and says it by its status alone.
 *
 * @param asked - How it was asked for, and for which region it was signed.
 */
export function correctionFor(
  { status, word, headers, region }: S3Refusal,
  asked: { readonly method: string; readonly region: string },
  clock: ServerClock,
): Correction | undefined {
  const isSilent = asked.method === "HEAD" && word === undefined;
  if (word === "RequestTimeTooSkewed" || (isSilent && status === 403 && clock.isFarFrom(headers.date))) return "clock";
  if (word === "ExpiredToken" || word === "TokenRefreshRequired") return "credentials";
  // versitygw keeps objects as files. It says this also where the directory of a new one was just removed with its last object.
  if (word === "ExistingObjectIsDirectory") return "directory";
  const isElsewhere =
    status === 301 || word === "AuthorizationHeaderMalformed" || word === "IllegalLocationConstraintException";
  const isOther = region !== undefined && region !== asked.region;
  if (isOther && (isElsewhere || (isSilent && status === 400))) return "region";
  return isSilent && status === 400 ? "credentials" : undefined;
}
