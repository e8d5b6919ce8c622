import { localPathOf, schemeOf } from "../base/file-uri.ts";
import type { Backend } from "../contract/backend.ts";
import { fsBackend } from "../fs/fs-backend.ts";
import { httpBackend } from "../http/http-backend.ts";
import { s3Backend } from "../s3/s3-backend.ts";
import { artifactsBeside } from "./artifacts-beside.ts";
import { registeredFactory } from "./backends.ts";
import { s3ArtifactsOpener } from "./s3-artifacts.ts";

/**
 * The backend for a directory, a server or a bucket, without waiting; `undefined` for a scheme whose factory has to be waited for. Brings
 * these backends along: only for entries whose work may begin before anything can be loaded.
 */
export function openBackendNow(uri: string): Backend | undefined {
  const scheme = schemeOf(uri) ?? "file";
  if (registeredFactory(scheme) !== undefined) return undefined;
  if (scheme === "file") return fsBackend({ directory: localPathOf(uri), openArtifacts: s3ArtifactsOpener() });
  if (scheme === "s3") return s3Backend({ uri });
  if (scheme !== "http" && scheme !== "https") return undefined;
  return httpBackend({ url: uri, openArtifacts: artifactsBeside() });
}
