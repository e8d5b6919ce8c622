import { type ErrorCode, messageOf, systemCodeOf, TidemarkError } from "../base/errors.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "STORAGE_FULL",
  EDQUOT: "STORAGE_FULL",
  EROFS: "STORAGE_READ_ONLY",
  EACCES: "STORAGE_READ_ONLY",
  EPERM: "STORAGE_READ_ONLY",
  ENOTCAPABLE: "PERMISSION_DENIED",
  ENOENT: "STORAGE_GONE",
};

// What no waiting heals: the name itself cannot be on this disk, or is taken by something of another kind.
const NEVER_HEALS: ReadonlySet<string> = new Set([
  "ENAMETOOLONG",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ENOTEMPTY",
  "ELOOP",
  "EILSEQ",
]);

/** The coded error of a failed file operation, with the path in its message. */
export function storageError(action: string, path: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const code = CODES[systemCodeOf(error) ?? ""] ?? "STORAGE_ERROR";
  return new TidemarkError(code, `cannot ${action} ${path}: ${messageOf(error)}`, { cause: error, details: { path } });
}

/** True where trying again later cannot help. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof TidemarkError && error.code === "INVALID_PARAMETER_VALUE") return true;
  const cause = error instanceof TidemarkError ? error.cause : error;
  return NEVER_HEALS.has(systemCodeOf(cause) ?? "");
}

/** Runs a file operation; what it throws becomes a coded error that names the path. */
export function guarded<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw storageError(action, path, error);
  }
}

/** True for the error of a path that does not exist. A parent that is no directory counts: nothing can be below it. */
export function isMissing(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Something in the store is not what its format says. */
export function damaged(path: string, problem: string, cause?: unknown): TidemarkError {
  return new TidemarkError("DATA_DAMAGED", `${path}: ${problem}`, { cause, details: { path } });
}
