import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import { HttpClient } from "../net/http-client.ts";
import { parseS3Uri } from "./bucket-address.ts";
import { S3_SINK_LIMITS } from "./metrics/hand-over.ts";
import { findSettings, type S3Settings } from "./s3-settings.ts";
import { ServerClock } from "./server-clock.ts";
import { Background } from "./store/background.ts";
import {
  ARTIFACT_CALLS,
  GARBAGE_CALLS,
  IMPORTER_CALLS,
  LOGGED_MODEL_CALLS,
  later,
  REGISTRY_CALLS,
  TRACKING_CALLS,
} from "./store/later.ts";
import type { Stores } from "./store/open-store.ts";
import { checkStoreOptions, type S3StoreOptions } from "./store/s3-store-options.ts";
import { WritePacer } from "./store/write-pacer.ts";

/** What {@link s3Backend} takes. */
export interface S3BackendOptions extends S3StoreOptions {
  /** `s3://bucket/prefix`. The bucket has to be there. */
  readonly uri: string;
}

/**
 * Runs, models and files in a bucket, with no server and no database: any number of programs may write at once, at any storage that keeps
 * the conditions of writes. Nothing is asked before the first call, and nothing is made before the first that writes.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { connect } from "tidemark";
 * import { s3Backend } from "tidemark/s3";
 *
 * const client = await connect(s3Backend({ uri: "s3://experiments/digits", endpoint: "https://storage.example:9000" }));
 * console.log(client.uri);
 * ```
 */
export function s3Backend({ uri: address, ...given }: S3BackendOptions): Backend {
  const { reach, own } = checkStoreOptions(given);
  const { bucket, prefix } = parseS3Uri(address);
  const settings = findSettings(reach);
  // The spool repeats by itself.
  const once = { ...settings, maxRetries: 0 };
  const http = new HttpClient(settings.network);
  const clock = new ServerClock();
  const background = new Background();
  const pacer = new WritePacer(own.headIntervalMs);
  const load = () => import("./store/connected.ts");

  const storesBy = (how: S3Settings) => {
    let stores: Promise<Stores> | undefined;
    const open = async () => {
      const parts = { prefix, concurrency: own.concurrency, pacer, background };
      return (await load()).openStoreAt({ settings: how, http, clock }, bucket, parts);
    };
    const opened = () => {
      stores ??= open();
      return stores;
    };
    return {
      tracking: later(async () => (await opened()).tracking, TRACKING_CALLS),
      loggedModels: later(async () => (await opened()).loggedModels, LOGGED_MODEL_CALLS),
      registry: later(async () => (await opened()).registry, REGISTRY_CALLS),
      garbage: later(async () => (await opened()).garbage, GARBAGE_CALLS),
      importer: later(async () => (await opened()).importer, IMPORTER_CALLS),
    };
  };
  const artifactsBy =
    (how: S3Settings) =>
    (location: string): ArtifactStore => {
      parseS3Uri(location);
      const open = async () => (await load()).openArtifactsAt({ settings: how, http, clock }, location);
      return { uri: location, ...later(open, ARTIFACT_CALLS) };
    };
  const { tracking } = storesBy(once);
  return {
    uri: prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    ...storesBy(settings),
    remote: {
      identity: JSON.stringify([settings.endpoint?.href ?? "aws", bucket, prefix, settings.credentials.identity]),
      sinkLimits: S3_SINK_LIMITS,
      tracking,
      openSink: ({ id }) => tracking.openSink(id),
      artifacts: artifactsBy(once),
    },
    artifacts: artifactsBy(settings),
    close: async () => {
      await background.close();
      await http.close();
    },
  };
}
