import { fileURLToPath } from "node:url";
import { describe, messageOf, TidemarkError } from "./errors.ts";

/** The scheme of a URI in lower case; `undefined` for a path. A single letter is a Windows drive, not a scheme. */
export function schemeOf(uri: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
}

/**
 * The local path that a `file:` URI names. MLflow's relative forms `file:./mlruns` and `file:mlruns`, which no URL parser reads
 * as relative, are taken too.
 *
 * @param windows - Whether the path is one of Windows: `file:///C:/x` is `C:\\x` there. The running system's by default.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function pathOfFileUri(uri: string, windows = process.platform === "win32"): string {
  const rest = uri.slice("file:".length);
  try {
    return rest.startsWith("/") ? fileURLToPath(new URL(uri), { windows }) : decodeURIComponent(rest);
  } catch (error) {
    throw new TidemarkError(
      "INVALID_PARAMETER_VALUE",
      `uri: ${describe(uri)} names no local path: ${messageOf(error)}`,
      {
        cause: error,
        details: { argument: "uri" },
      },
    );
  }
}

/** The local path that a path or a `file:` URI names. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export const localPathOf = (uri: string): string => (schemeOf(uri) === undefined ? uri : pathOfFileUri(uri));
