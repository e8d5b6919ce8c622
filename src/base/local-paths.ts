import nativePath, { type PlatformPath } from "node:path";
import { TidemarkError } from "./errors.ts";
import { checkRelativePath } from "./paths.ts";

/** Windows opens a device, a stream of another file or a file without its last character where such a name is asked for. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\.|$)/i;
const STRANGE = /[:\p{Cc}]|[. ]$/u;

/** The first segment of a path with forward slashes that Windows takes for something else. */
export const strangeOnWindows = (path: string): string | undefined =>
  path.split("/").find((segment) => STRANGE.test(segment) || DEVICE.test(segment));

/**
 * The place below a local directory that a name from outside means: a relative path with forward slashes, which on Windows must be one
 * that names a file there.
 *
 * @param flavour - Windows' rules or those of all others; the running system's by default.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function placeBelow(
  directory: string,
  argument: string,
  path: unknown,
  flavour: PlatformPath = nativePath,
): string {
  const checked = checkRelativePath(argument, path);
  const strange = flavour.sep === "\\" ? strangeOnWindows(checked) : undefined;
  if (strange !== undefined) {
    const message = `${argument}: ${JSON.stringify(checked)} has a segment ${JSON.stringify(strange)} that Windows takes for something else`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument } });
  }
  return flavour.join(directory, checked);
}

/** True where an absolute path lies in a directory, which is not itself. On Windows case makes no difference. */
export function isBelow(directory: string, path: string, flavour: PlatformPath = nativePath): boolean {
  const way = flavour.relative(directory, path);
  // Between two drives there is no relative way.
  return way !== "" && way !== ".." && !way.startsWith(`..${flavour.sep}`) && !flavour.isAbsolute(way);
}
