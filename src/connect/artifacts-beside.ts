import { localPathOf, schemeOf } from "../base/file-uri.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { LocalArtifactStore } from "../fs/local-artifact-store.ts";
import { s3ArtifactsOpener } from "./s3-artifacts.ts";

/** A server that hands out no artifacts says where they are: this machine may have that directory too, or reach that bucket. */
export function artifactsBeside(): (uri: string) => ArtifactStore | undefined {
  const openS3 = s3ArtifactsOpener();
  return (uri) =>
    (schemeOf(uri) ?? "file") === "file" ? new LocalArtifactStore(localPathOf(uri), false) : openS3(uri);
}
