import { schemeOf } from "../base/file-uri.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { S3Opener } from "../s3/s3-artifacts.ts";
import { lazyArtifactStore } from "./lazy-artifact-store.ts";

/**
 * Opens artifacts at `s3:` URIs as the environment and AWS's files say how to reach them, and `undefined` for others. What it opens
 * shares connections. The client is loaded with the first call to an artifact.
 */
export function s3ArtifactsOpener(): (uri: string) => ArtifactStore | undefined {
  let opener: S3Opener | undefined;
  const load = async (uri: string) => {
    const { S3Opener } = await import("../s3/s3-artifacts.ts");
    opener ??= new S3Opener();
    return opener.artifacts(uri);
  };
  return (uri) => (schemeOf(uri) === "s3" ? lazyArtifactStore(uri, () => load(uri)) : undefined);
}
