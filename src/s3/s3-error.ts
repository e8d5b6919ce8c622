import { type ErrorCode, TidemarkError } from "../base/errors.ts";
import { isRetryableStatus } from "../net/retryable.ts";
import type { XmlElement } from "./xml.ts";
import { parseXml, textOf } from "./xml.ts";

/** What S3 said when it refused something. */
export interface S3Refusal {
  readonly status: number;
  /** S3's own word, `NoSuchKey`; absent for answers without a body. */
  readonly word: string | undefined;
  readonly message: string | undefined;
  /** Where the bucket is, if it is not where it was asked for. */
  readonly region: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What was asked for. */
export interface S3Deed {
  /** `GET`, `list`: for people. */
  readonly action: string;
  /** The permission that it takes. */
  readonly permission: string;
  readonly bucket: string;
  readonly key: string | undefined;
  readonly origin: string;
}

const LONGEST_MESSAGE = 300;

/** Reads a refusal: its words are S3's, or at least its status is. */
export function readRefusal(status: number, headers: Readonly<Record<string, string>>, body: string): S3Refusal {
  const error = tryParse(body);
  return refusalOf(status, headers, error?.name === "Error" ? error : undefined);
}

export function refusalOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  error: XmlElement | undefined,
): S3Refusal {
  const word = error === undefined ? undefined : textOf(error, "Code");
  const region = headers["x-amz-bucket-region"] ?? (error === undefined ? undefined : textOf(error, "Region"));
  return {
    status,
    word: word !== undefined && /^\w{1,80}$/.test(word) ? word : undefined,
    message: error === undefined ? undefined : textOf(error, "Message"),
    region: region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined,
    headers,
  };
}

function tryParse(body: string): XmlElement | undefined {
  if (!body.trimStart().startsWith("<")) return undefined;
  try {
    return parseXml(body);
  } catch {
    // A page of some machine between.
    return undefined;
  }
}

const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ["AccessDenied", "PERMISSION_DENIED"],
  ["AllAccessDisabled", "PERMISSION_DENIED"],
  ["InvalidAccessKeyId", "UNAUTHENTICATED"],
  ["SignatureDoesNotMatch", "UNAUTHENTICATED"],
  ["ExpiredToken", "UNAUTHENTICATED"],
  ["InvalidToken", "UNAUTHENTICATED"],
  ["TokenRefreshRequired", "UNAUTHENTICATED"],
  ["AuthorizationHeaderMalformed", "UNAUTHENTICATED"],
  ["RequestTimeTooSkewed", "UNAUTHENTICATED"],
  // versitygw's word for a key that it does not know.
  ["XAdminUserNotFound", "UNAUTHENTICATED"],
  ["NoSuchBucket", "RESOURCE_DOES_NOT_EXIST"],
  ["NoSuchKey", "RESOURCE_DOES_NOT_EXIST"],
  ["NoSuchUpload", "RESOURCE_DOES_NOT_EXIST"],
  ["PreconditionFailed", "INVALID_STATE"],
  ["InvalidObjectState", "INVALID_STATE"],
  ["ConditionalRequestConflict", "TEMPORARILY_UNAVAILABLE"],
  ["OperationAborted", "TEMPORARILY_UNAVAILABLE"],
  ["RequestTimeout", "TEMPORARILY_UNAVAILABLE"],
  ["InternalError", "TEMPORARILY_UNAVAILABLE"],
  ["SlowDown", "TEMPORARILY_UNAVAILABLE"],
  ["ServiceUnavailable", "TEMPORARILY_UNAVAILABLE"],
  // Bytes that did not arrive as they were sent.
  ["BadDigest", "TEMPORARILY_UNAVAILABLE"],
  ["IncompleteBody", "TEMPORARILY_UNAVAILABLE"],
  ["XAmzContentSHA256Mismatch", "TEMPORARILY_UNAVAILABLE"],
  ["XAmzContentChecksumMismatch", "TEMPORARILY_UNAVAILABLE"],
  ["EntityTooLarge", "INVALID_PARAMETER_VALUE"],
  ["KeyTooLongError", "INVALID_PARAMETER_VALUE"],
  ["InvalidBucketName", "INVALID_PARAMETER_VALUE"],
  ["NotImplemented", "NOT_IMPLEMENTED"],
  ["QuotaExceeded", "STORAGE_FULL"],
  ["XMinioStorageFull", "STORAGE_FULL"],
]);

function codeOf({ status, word }: S3Refusal): ErrorCode {
  const code = CODES.get(word ?? "");
  if (code !== undefined) return code;
  if (status === 507) return "STORAGE_FULL";
  if (isRetryableStatus(status)) return "TEMPORARILY_UNAVAILABLE";
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "PERMISSION_DENIED";
  if (status === 404) return "RESOURCE_DOES_NOT_EXIST";
  if (status === 412) return "INVALID_STATE";
  if (status === 501) return "NOT_IMPLEMENTED";
  return "INTERNAL_ERROR";
}

/** Whether the same may work in a moment. */
export const isPassing = (refusal: S3Refusal): boolean => codeOf(refusal) === "TEMPORARILY_UNAVAILABLE";

/**
 * The coded error. It names bucket and key, never keys of access.
 *
 * @param secrets - What the request carried and a storage might repeat.
 */
export function s3Error(deed: S3Deed, refusal: S3Refusal, secrets: readonly string[] = []): TidemarkError {
  const { action, bucket, key, origin } = deed;
  const { status, word, headers } = refusal;
  const place = placeOf(bucket, key);
  const code = codeOf(refusal);
  const reason = [word ?? `status ${status}`, ...said(refusal, secrets)].join(": ");
  const message =
    word === "NoSuchBucket"
      ? `there is no bucket ${JSON.stringify(bucket)} at ${origin}`
      : `the storage at ${origin} refused to ${action} ${place}: ${reason}${adviceOf(code, deed, refusal)}`;
  const requestId = headers["x-amz-request-id"];
  return new TidemarkError(code, message, {
    details: {
      httpStatus: status,
      bucket,
      ...(key === undefined ? {} : { key }),
      ...(word === undefined ? {} : { storageCode: word }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  });
}

/** Whether an object was not there, or is gone by now. A bucket that is missing is another matter. */
export const isMissingObject = (error: unknown): boolean =>
  error instanceof TidemarkError &&
  error.code === "RESOURCE_DOES_NOT_EXIST" &&
  error.details.storageCode !== "NoSuchBucket";

export const placeOf = (bucket: string, key: string | undefined): string =>
  JSON.stringify(key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`);

function said({ message }: S3Refusal, secrets: readonly string[]): string[] {
  if (message === undefined || message === "") return [];
  const open = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), message);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would obey them.
  const text = open.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return [text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text];
}

function adviceOf(code: ErrorCode, { permission, key }: S3Deed, { word, status }: S3Refusal): string {
  if (code === "PERMISSION_DENIED") {
    const missing = status === 403 && permission === "s3:GetObject" && key !== undefined;
    const rest = missing ? ", and where s3:ListBucket is not allowed, also for a key that is not there" : "";
    return `; it takes the permission ${permission}${rest}`;
  }
  if (word === "ExpiredToken" || word === "TokenRefreshRequired") return "; the credentials have to be renewed";
  if (word === "InvalidObjectState") return "; it is archived, and has to be restored first";
  if (word === "RequestTimeTooSkewed") return "; the clock of this machine is wrong";
  return "";
}
