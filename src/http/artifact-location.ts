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

/**
 * Reads `mlflow-artifacts:/path`, which means the tracking server, and `mlflow-artifacts://host:port/path`.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a path that would leave the server's artifacts
 */
export function parseLocation(uri: string, base: string): ArtifactLocation {
  const [, authority = "", path = ""] = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/.exec(uri) ?? [];
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed !== "" && relativePathProblem(trimmed) !== undefined) {
    throw new TidemarkError("DATA_DAMAGED", `the artifact location ${describe(uri)} leaves the server's artifacts`);
  }
  return { base: authority === "" ? base : `${new URL(base).protocol}//${authority}`, path: trimmed };
}

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
