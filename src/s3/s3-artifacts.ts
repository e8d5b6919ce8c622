import type { ArtifactStore } from "../contract/artifact-store.ts";
import { HttpClient } from "../net/http-client.ts";
import { parseS3Uri } from "./bucket-address.ts";
import { S3Client } from "./client.ts";
import { S3ArtifactStore } from "./s3-artifact-store.ts";
import { S3Exchange } from "./s3-exchange.ts";
import { checkS3Options, type S3Options } from "./s3-options.ts";
import { findSettings } from "./s3-settings.ts";
import { ServerClock } from "./server-clock.ts";

/** Opens artifacts in buckets that are reached in the same way, over connections that they share. */
export class S3Opener {
  readonly #clientFor: (bucket: string) => S3Client;

  /** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
  constructor(options: S3Options = {}) {
    const settings = findSettings(checkS3Options(options));
    const http = new HttpClient(settings.network);
    const clock = new ServerClock();
    const clients = new Map<string, S3Client>();
    this.#clientFor = (bucket) => {
      const client = clients.get(bucket) ?? new S3Client(new S3Exchange(settings, http, clock, bucket));
      clients.set(bucket, client);
      return client;
    };
  }

  /** The objects of a bucket. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what is no name of one */
  bucket(name: string): S3Client {
    return this.#clientFor(parseS3Uri(`s3://${name}`).bucket);
  }

  /** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
  artifacts(uri: string): ArtifactStore {
    const { bucket, prefix } = parseS3Uri(uri);
    return new S3ArtifactStore(uri, this.#clientFor(bucket), prefix);
  }
}

/**
 * The artifacts below `s3://bucket/prefix`. Nothing is asked before the first call.
 *
 * Without options it is reached as MLflow's own client would reach it: `MLFLOW_S3_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, profiles.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { s3Artifacts } from "tidemark/s3";
 *
 * const artifacts = s3Artifacts("s3://models/production", { endpoint: "https://storage.example:9000" });
 * console.log(artifacts.uri);
 * ```
 */
export function s3Artifacts(uri: string, options: S3Options = {}): ArtifactStore {
  return new S3Opener(options).artifacts(uri);
}
