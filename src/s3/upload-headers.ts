import { readEnv } from "../base/env.ts";
import { TidemarkError } from "../base/errors.ts";

const VARIABLE = "MLFLOW_S3_UPLOAD_EXTRA_ARGS";

/** boto3's names of what may be said of an object, and the headers that say it. */
const HEADERS: ReadonlyMap<string, string> = new Map([
  ["ACL", "x-amz-acl"],
  ["BucketKeyEnabled", "x-amz-server-side-encryption-bucket-key-enabled"],
  ["CacheControl", "cache-control"],
  ["ContentDisposition", "content-disposition"],
  ["ContentEncoding", "content-encoding"],
  ["ContentLanguage", "content-language"],
  ["ContentType", "content-type"],
  ["Expires", "expires"],
  ["GrantFullControl", "x-amz-grant-full-control"],
  ["GrantRead", "x-amz-grant-read"],
  ["GrantReadACP", "x-amz-grant-read-acp"],
  ["GrantWriteACP", "x-amz-grant-write-acp"],
  ["ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold"],
  ["ObjectLockMode", "x-amz-object-lock-mode"],
  ["ObjectLockRetainUntilDate", "x-amz-object-lock-retain-until-date"],
  ["RequestPayer", "x-amz-request-payer"],
  ["SSEKMSEncryptionContext", "x-amz-server-side-encryption-context"],
  ["SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"],
  ["ServerSideEncryption", "x-amz-server-side-encryption"],
  ["StorageClass", "x-amz-storage-class"],
  ["Tagging", "x-amz-tagging"],
  ["WebsiteRedirectLocation", "x-amz-website-redirect-location"],
]);

/**
 * What MLflow's variable wants to be said of every object. A name that cannot be said is refused: an object without the encryption
 * that somebody asked for must not come to be.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function uploadHeadersOfEnvironment(): Record<string, string> {
  const text = readEnv(VARIABLE);
  if (text === undefined) return {};
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw refused("is no JSON");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw refused("is no JSON object");
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const header = HEADERS.get(name);
      if (header === undefined) throw refused(`has ${JSON.stringify(name)}, which tidemark cannot say`);
      if (!/^(string|number|boolean)$/.test(typeof value) || !isHeaderValue(String(value)))
        throw refused(`has no usable value of ${name}`);
      return [header, String(value)];
    }),
  );
}

/** What a header can carry. */
export const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e]*$/.test(text);

const refused = (problem: string): TidemarkError =>
  new TidemarkError("INVALID_PARAMETER_VALUE", `${VARIABLE} ${problem}`, { details: { argument: VARIABLE } });
