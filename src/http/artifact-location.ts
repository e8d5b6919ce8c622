import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { relativePathProblem } from "../base/paths.ts";

/** Where MLflow's server keeps the artifacts it hands out itself. */
const PROXY = "/api/2.0/mlflow-artifacts";

/** A directory of artifacts that a server hands out. */
export interface ArtifactLocation {
  /** The server's address, without a slash at its end. */
  readonly base: string;
  /** Below the server's artifacts; empty for all of them. */
  readonly path: string;
}

/** `http://host:port/prefix/api/2.0/mlflow-artifacts/artifacts/path`: the same, with the whole address. */
const HTTP_LOCATION = /^https?:\/\/[^?#]*?\/api\/2\.0\/mlflow-artifacts\/artifacts(?:\/[^?#]*)?$/i;

/** Whether a URI is of artifacts that an MLflow server hands out, in the form that has the server's whole address. */
export const isHttpLocation = (uri: string): boolean => HTTP_LOCATION.test(uri);

/**
 * Reads `mlflow-artifacts:/path`, which means the tracking server, `mlflow-artifacts://host:port/path`, and `http://host:port/…` with
 * the route of the artifacts in it.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a path that would leave the server's artifacts
 */
export function parseLocation(uri: string, base: string): ArtifactLocation {
  if (isHttpLocation(uri)) return parseHttpLocation(uri);
  const [, authority = "", path = ""] = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/.exec(uri) ?? [];
  return {
    base: authority === "" ? base : `${new URL(base).protocol}//${authority}`,
    path: checkInside(uri, path.replace(/\/+$/, "")),
  };
}

/** A user in the address is not taken along: who we are at a server is said in other places. */
function parseHttpLocation(uri: string): ArtifactLocation {
  try {
    const { origin, pathname } = new URL(uri);
    const at = pathname.indexOf(LIST_ROUTE);
    const segments = pathname.slice(at + LIST_ROUTE.length).split("/");
    const path = segments.filter((segment) => segment !== "").map(decodeURIComponent);
    return { base: `${origin}${pathname.slice(0, at)}`, path: checkInside(uri, path.join("/")) };
  } catch (error) {
    throw error instanceof TidemarkError ? error : leaves(uri);
  }
}

function checkInside(uri: string, path: string): string {
  if (path !== "" && relativePathProblem(path) !== undefined) throw leaves(uri);
  return path;
}

const leaves = (uri: string) =>
  new TidemarkError("DATA_DAMAGED", `the artifact location ${describe(redact(uri))} leaves the server's artifacts`);

/** The route of a file. Every segment is encoded; what a URL parser would take for a step upwards has been refused before. */
export const routeOfFile = ({ path }: ArtifactLocation, file: string): string => routeBelow("artifacts", path, file);

/** The route that signs a download of a file. */
export const routeOfDownload = ({ path }: ArtifactLocation, file: string): string =>
  routeBelow("presigned", path, file);

/** The routes of an upload in parts. They name the directory; the file's name is in their bodies. */
export function routesOfParts({ path }: ArtifactLocation, file: string) {
  const slash = file.lastIndexOf("/");
  const directory = slash < 0 ? "" : file.slice(0, slash);
  return {
    name: file.slice(slash + 1),
    create: routeBelow("mpu/create", path, directory),
    complete: routeBelow("mpu/complete", path, directory),
    abort: routeBelow("mpu/abort", path, directory),
  };
}

/** The route that lists directories. */
export const LIST_ROUTE = `${PROXY}/artifacts`;

function routeBelow(service: string, ...paths: readonly string[]): string {
  const segments = paths.filter((part) => part !== "").flatMap((part) => part.split("/"));
  return [`${PROXY}/${service}`, ...segments.map(encodeURIComponent)].join("/");
}
