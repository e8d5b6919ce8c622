import type { S3Refusal } from "./s3-error.ts";
import type { ServerClock } from "./server-clock.ts";

/** What may be wrong with a request itself, and put right once. */
export type Correction = "clock" | "credentials" | "region";

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
  const isElsewhere =
    status === 301 || word === "AuthorizationHeaderMalformed" || word === "IllegalLocationConstraintException";
  const isOther = region !== undefined && region !== asked.region;
  if (isOther && (isElsewhere || (isSilent && status === 400))) return "region";
  return isSilent && status === 400 ? "credentials" : undefined;
}
