import type { GarbageStore } from "../../contract/garbage-store.ts";
import type { Importer } from "../../contract/importer.ts";
import type { LoggedModelStore } from "../../contract/logged-model-store.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";
import type { Background } from "./background.ts";
import { Experiments, furnish } from "./experiments.ts";
import { S3GarbageStore } from "./garbage/s3-garbage-store.ts";
import { LoggedModels } from "./logged-models.ts";
import { Runs } from "./runs.ts";
import { S3Importer } from "./s3-importer.ts";
import { S3Place } from "./s3-place.ts";
import { S3RegistryStore } from "./s3-registry-store.ts";
import { S3TrackingStore } from "./s3-tracking-store.ts";
import type { Concurrency, StoreClient } from "./store-client.ts";
import { StoreObjects } from "./store-objects.ts";
import type { WritePacer } from "./write-pacer.ts";

/** What a store is reached by. */
export interface StoreParts {
  readonly client: StoreClient;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  readonly concurrency: Concurrency;
  /** May be shared by all that write in one process. */
  readonly pacer: WritePacer;
  readonly background: Background;
}

/** The stores of one place in a bucket. */
export interface Stores {
  readonly uri: string;
  readonly tracking: TrackingStore;
  readonly loggedModels: LoggedModelStore;
  readonly registry: RegistryStore;
  readonly garbage: GarbageStore;
  readonly importer: Omit<Importer, "exclusively" | "exclusivelyIn">;
}

/** Nothing is asked before the first call. */
export function openStore({ client, prefix, concurrency, pacer, background }: StoreParts): Stores {
  const uri = prefix === "" ? `s3://${client.bucket}` : `s3://${client.bucket}/${prefix}`;
  const objects = new StoreObjects(client, prefix);
  const place = new S3Place(uri, { objects, pacer, concurrency, furnish: (heads) => furnish(heads, background) });
  const experiments = new Experiments(place, background);
  const runs = new Runs(place, experiments, background);
  const loggedModels = new LoggedModels(place, experiments, background);
  const tracking = new S3TrackingStore({ experiments, runs, loggedModels, uri });
  const registry = new S3RegistryStore(place, { tracking, loggedModels }, background);
  const importer = new S3Importer({ experiments, runs, loggedModels, registry });
  const garbage = new S3GarbageStore({ place, experiments, runs, loggedModels });
  return { uri, tracking, loggedModels, registry, importer, garbage };
}
