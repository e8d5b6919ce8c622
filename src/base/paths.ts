import { TidemarkError } from "./errors.ts";

/**
 * A relative POSIX path that stays below its root, by MLflow's rule: it equals its own normalised form, is not absolute, and
 * holds no `..`, no empty or `.` segment, no backslash, no NUL. Everything that names a file from outside goes through here.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function checkRelativePath(argument: string, path: unknown): string {
  const problem = typeof path === "string" ? relativePathProblem(path) : "is not a string";
  if (problem !== undefined) {
    throw new TidemarkError(
      "INVALID_PARAMETER_VALUE",
      `${argument}: ${JSON.stringify(path)} ${problem}; expected a relative path with forward slashes that stays below its root, like "plots/loss.json"`,
      { details: { argument } },
    );
  }
  return path as string;
}

/** Why a path is not acceptable, or `undefined` where it is. */
export function relativePathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "holds a NUL character";
  if (path.includes("\\")) return "holds a backslash";
  if (path.startsWith("/")) return "is absolute";
  // On Windows a drive letter makes any path absolute, wherever it comes from.
  if (/^[a-z]:/i.test(path)) return "starts with a drive letter";
  for (const segment of path.split("/")) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has a ${JSON.stringify(segment)} segment`;
  }
  return undefined;
}
