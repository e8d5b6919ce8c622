import { homedir, tmpdir } from "node:os";
import { readEnv } from "./env.ts";
import { TidemarkError } from "./errors.ts";

/**
 * The user's directory. The variable is asked first, as the system itself does it: so Deno needs one permission less.
 *
 * @throws {TidemarkError} `PERMISSION_DENIED` where Deno may not say
 */
export function homeDirectory(): string {
  const variable = process.platform === "win32" ? "USERPROFILE" : "HOME";
  const named = readEnv(variable);
  if (named !== undefined) return named;
  try {
    return homedir();
  } catch (error) {
    const message = `the user's directory is not known: allow Deno to ask for it, by --allow-env=${variable} or --allow-sys=homedir`;
    throw new TidemarkError("PERMISSION_DENIED", message, { cause: error });
  }
}

/** The directory for temporary files; the usual one where Deno may not say. */
export function temporaryPlace(): string {
  try {
    return tmpdir();
  } catch {
    return process.platform === "win32" ? "C:\\Windows\\Temp" : "/tmp";
  }
}
