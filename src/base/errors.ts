/**
 * What went wrong, as a stable word programs can test. MLflow's own error codes where MLflow has one for the case;
 * the rest (from `STORAGE_FULL` on) are Tidemark's.
 */
export type ErrorCode =
  | "INVALID_PARAMETER_VALUE"
  | "RESOURCE_DOES_NOT_EXIST"
  | "RESOURCE_ALREADY_EXISTS"
  | "INVALID_STATE"
  | "INTERNAL_ERROR"
  | "NOT_IMPLEMENTED"
  /** The server wants to know who is asking, and does not take the answer it got. */
  | "UNAUTHENTICATED"
  /** The server does not allow this to the one who asks, or Deno not to this program. */
  | "PERMISSION_DENIED"
  /** The server does not answer, or not now: the same may work later. */
  | "TEMPORARILY_UNAVAILABLE"
  /** The caller's AbortSignal fired. */
  | "CANCELLED"
  /** The time the caller allowed has passed. */
  | "DEADLINE_EXCEEDED"
  /** No space or quota left where the backend writes. */
  | "STORAGE_FULL"
  /** The place the backend writes to refuses writing. */
  | "STORAGE_READ_ONLY"
  /** The place the backend writes to has disappeared. */
  | "STORAGE_GONE"
  /** Any other input or output trouble of a backend. */
  | "STORAGE_ERROR"
  /** A file or answer was read that is not what its format says. */
  | "DATA_DAMAGED"
  /** Another process has gone on in place of this one, which showed no sign of life: what it was doing alone is not its own any more. */
  | "LOCK_LOST"
  /** The run has ended and takes nothing more. */
  | "RUN_ENDED"
  /** Not everything logged before a flush or an end is at the backend. `details` has the counts. */
  | "FLUSH_INCOMPLETE"
  /** The memory bound of the queue was reached and values were dropped. */
  | "QUEUE_FULL";

const BRAND = Symbol.for("tidemark.error");

/** Anything a {@link TidemarkError} carries beside its message. */
export interface TidemarkErrorOptions {
  /** The error that caused this one. */
  readonly cause?: unknown;
  /** Facts a program may want: the argument's name, a path, counts. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error class of Tidemark. Test `error.code`, not the message.
 *
 * `instanceof TidemarkError` holds across the ESM and CommonJS copies of the package: errors carry a brand.
 *
 * @example
 * ```ts
 * import { TidemarkError } from "tidemark";
 *
 * const error: unknown = new TidemarkError("RUN_ENDED", "run 1 has ended");
 * if (error instanceof TidemarkError && error.code === "RUN_ENDED") console.log("start another run");
 * ```
 */
export class TidemarkError extends Error {
  override readonly name = "TidemarkError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TidemarkErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** A bad argument: which one, what it was, what is allowed. */
export function invalidArgument(name: string, received: unknown, allowed: string): TidemarkError {
  return new TidemarkError("INVALID_PARAMETER_VALUE", `${name}: got ${describe(received)}; expected ${allowed}`, {
    details: { argument: name },
  });
}

const LONGEST_SHOWN_VALUE = 80;

/** A short, safe rendering of any value for an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const kind = value.constructor?.name;
    return kind === undefined || kind === "Object" ? "an object" : `a ${kind} object`;
  }
  return String(value);
}

function quote(text: string): string {
  const shown = text.length > LONGEST_SHOWN_VALUE ? `${text.slice(0, LONGEST_SHOWN_VALUE)}…` : text;
  const rest = text.length > LONGEST_SHOWN_VALUE ? ` (${text.length} characters)` : "";
  return JSON.stringify(shown) + rest;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an I/O error (`ENOSPC`, `ENOENT`, …), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("name" in error && error.name === "NotCapable") return "ENOTCAPABLE";
  if (!("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
