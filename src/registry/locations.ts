import { resolve } from "node:path";
import { localPathOf, schemeOf } from "../base/file-uri.ts";

/** A location as it is compared and shown: an absolute path for what is on local disk, else the URI without a slash at its end. */
export function canonicalLocation(location: string): string {
  const scheme = schemeOf(location) ?? "file";
  return scheme === "file" ? resolve(localPathOf(location)) : location.replace(/(?<=.)\/+$/, "");
}

/** A directory below a location. */
export function locationBelow(location: string, path: string | undefined): string {
  if (path === undefined || path === "") return location;
  // In a file: URI a name is percent-encoded; other backends take names as they are.
  const isFileUri = schemeOf(location) === "file" && location.startsWith("file:/");
  const below = isFileUri ? path.split("/").map(encodeURIComponent).join("/") : path;
  return `${location.replace(/\/+$/, "")}/${below}`;
}

/** Whether a location is another, or lies below it. */
export function isWithin(location: string, root: string): boolean {
  const [inner, outer] = [canonicalLocation(location), canonicalLocation(root)];
  return inner === outer || inner.startsWith(`${outer}/`) || inner.startsWith(`${outer}\\`);
}

/**
 * Whether a version at a backend must not be made of a location that is not the backend's own: only one machine or one server reaches it,
 * or the backend refuses it. What is in a bucket is there for everybody.
 */
export function isConfined(location: string, { uri }: { readonly uri: string }): boolean {
  const scheme = schemeOf(location) ?? "file";
  const isServed = (text: string) => ["http", "https"].includes(schemeOf(text) ?? "");
  // A server takes no artifacts that a server hands out, were it itself, but those of a run or model that it knows.
  return ["file", "memory", "mlflow-artifacts"].includes(scheme) || (isServed(location) && isServed(uri));
}
