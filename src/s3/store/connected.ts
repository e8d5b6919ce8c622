import type { ArtifactStore } from "../../contract/artifact-store.ts";
import type { HttpClient } from "../../net/http-client.ts";
import { parseS3Uri } from "../bucket-address.ts";
import { S3Client } from "../client.ts";
import { S3ArtifactStore } from "../s3-artifact-store.ts";
import { S3Exchange } from "../s3-exchange.ts";
import type { S3Settings } from "../s3-settings.ts";
import type { ServerClock } from "../server-clock.ts";
import { openStore, type StoreParts, type Stores } from "./open-store.ts";
import { StoreClient } from "./store-client.ts";

/** How a storage is reached. */
export interface Connection {
  readonly settings: S3Settings;
  readonly http: HttpClient;
  readonly clock: ServerClock;
}

/** The store of a bucket. */
export function openStoreAt(
  { settings, http, clock }: Connection,
  bucket: string,
  parts: Omit<StoreParts, "client">,
): Stores {
  return openStore({ ...parts, client: new StoreClient(new S3Exchange(settings, http, clock, bucket)) });
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function openArtifactsAt({ settings, http, clock }: Connection, location: string): ArtifactStore {
  const { bucket, prefix } = parseS3Uri(location);
  return new S3ArtifactStore(location, new S3Client(new S3Exchange(settings, http, clock, bucket)), prefix);
}
