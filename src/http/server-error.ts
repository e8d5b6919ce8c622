import { type ErrorCode, TidemarkError } from "../base/errors.ts";
import { truncate } from "../base/text.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { isRetryableStatus } from "../net/retryable.ts";

/** What MLflow's error codes are here, where they are not the same. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  INVALID_PARAMETER_VALUE: "INVALID_PARAMETER_VALUE",
  BAD_REQUEST: "INVALID_PARAMETER_VALUE",
  RESOURCE_DOES_NOT_EXIST: "RESOURCE_DOES_NOT_EXIST",
  NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
  RESOURCE_ALREADY_EXISTS: "RESOURCE_ALREADY_EXISTS",
  ALREADY_EXISTS: "RESOURCE_ALREADY_EXISTS",
  INVALID_STATE: "INVALID_STATE",
  NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
  ENDPOINT_NOT_FOUND: "NOT_IMPLEMENTED",
  FEATURE_DISABLED: "NOT_IMPLEMENTED",
  PERMISSION_DENIED: "PERMISSION_DENIED",
  UNAUTHENTICATED: "UNAUTHENTICATED",
  CUSTOMER_UNAUTHORIZED: "UNAUTHENTICATED",
};

/** Where MLflow's stores answer something general for a deleted run or experiment, only the words tell. */
const DELETED = /must be in (the )?'?active'?|is in (the )?'?deleted'? (lifecycle|state)|Cannot .* deleted /i;
/** The FileStore behind a server answers 500 for a wrong argument. */
const PARAM_CHANGED = /^Changing param values is not allowed/;
/** More requests at once than a worker may have connections to its database (15): MLflow answers 400 for what its pool says. */
const POOL_EXHAUSTED = /^QueuePool limit of size \d+ overflow -?\d+ reached, connection timed out/;

const LONGEST_MESSAGE = 1_000;

/** An answer that is a refusal. */
export interface ServerFailure {
  readonly error: TidemarkError;
  /** The same request may be answered otherwise later. */
  readonly isRetryable: boolean;
}

/** Reads what an answer of 300 and above says. Not all of them are JSON: proxies and unknown routes answer pages. */
export function readFailure(
  base: string,
  route: string,
  { status, headers }: HttpResponse,
  text: string,
): ServerFailure {
  const answer = parseError(text);
  const message = truncate(answer?.message ?? `status ${status}`, LONGEST_MESSAGE);
  const code = codeOf(status, answer);
  const isTransient =
    status === 500 ? answer?.code === undefined || answer.code === "INTERNAL_ERROR" : isRetryableStatus(status);
  const details = { httpStatus: status, route };
  const fail = (chosen: ErrorCode, words: string, isRetryable = false): ServerFailure => ({
    error: new TidemarkError(chosen, words, { details }),
    isRetryable,
  });
  if (status < 400)
    return fail(
      "INVALID_PARAMETER_VALUE",
      `uri: ${base} sends on to ${headers.location ?? "elsewhere"}: use that address`,
    );
  if (code === "UNAUTHENTICATED")
    return fail(code, `${base} does not accept the credentials it got for ${route}: ${message}`);
  if (code === "PERMISSION_DENIED") return fail(code, `${base} does not allow ${route}: ${message}`);
  if (PARAM_CHANGED.test(message)) return fail("INVALID_PARAMETER_VALUE", message);
  const isBusy = POOL_EXHAUSTED.test(message);
  if (code !== undefined && !isBusy) return fail(code, message);
  if (isTransient || isBusy)
    return fail("TEMPORARILY_UNAVAILABLE", `${base} could not answer ${route}: ${message} (status ${status})`, true);
  if (status === 404 || status === 405)
    return fail("NOT_IMPLEMENTED", `${base} does not know ${route}: is it an MLflow server?`);
  return fail("INTERNAL_ERROR", `${base} refused ${route}: ${message} (status ${status})`);
}

function codeOf(status: number, answer: ErrorAnswer | undefined): ErrorCode | undefined {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "PERMISSION_DENIED";
  const code = CODES[answer?.code ?? ""];
  const isGeneral = code === "INVALID_PARAMETER_VALUE" || answer?.code === "INTERNAL_ERROR";
  return isGeneral && DELETED.test(answer?.message ?? "") ? "INVALID_STATE" : code;
}

interface ErrorAnswer {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

function parseError(text: string): ErrorAnswer | undefined {
  try {
    const { error_code: code, message, detail } = JSON.parse(text) as Record<string, unknown>;
    const words = message ?? detail;
    return {
      code: typeof code === "string" ? code : undefined,
      message: typeof words === "string" ? words : undefined,
    };
  } catch {
    return undefined;
  }
}
