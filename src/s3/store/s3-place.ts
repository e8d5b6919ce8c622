import { processSlot } from "../../base/process-state.ts";
import { Heads } from "./heads.ts";
import { STORE_FILE } from "./layout.ts";
import { concurrencyAt, type Honesty, probe } from "./probe.ts";
import type { Concurrency } from "./store-client.ts";
import { newStoreFile, readStoreFile, type StoreFile } from "./store-file.ts";
import type { StoreObjects } from "./store-objects.ts";
import type { WritePacer } from "./write-pacer.ts";

/** Stores and how honest they have been, for the life of the process. */
const probes = () => processSlot("s3-probes", () => new Map<string, Promise<Honesty>>());

/** What a place depends on. */
export interface PlaceParts {
  readonly objects: StoreObjects;
  readonly pacer: WritePacer;
  /** What {@link Concurrency} the user allows. */
  readonly concurrency: Concurrency;
  /** Makes what every store has from the start. */
  readonly furnish: (heads: Heads) => Promise<void>;
}

/**
 * One store in a bucket: found with the first call, made with the first write, at a storage that has shown that it is fit for it.
 * Reading writes nothing, and finds nothing where there is no store.
 */
export class S3Place {
  readonly objects: StoreObjects;
  readonly heads: Heads;
  readonly uri: string;
  readonly #parts: PlaceParts;
  #found: Promise<StoreFile | undefined> | undefined;
  #made: Promise<void> | undefined;

  constructor(uri: string, parts: PlaceParts) {
    this.uri = uri;
    this.objects = parts.objects;
    this.heads = new Heads(parts.objects, parts.pacer, () => this.writable());
    this.#parts = parts;
  }

  /** Before anything is read. @throws {TidemarkError} `DATA_DAMAGED`, `NOT_IMPLEMENTED` for another version of the format */
  async readable(): Promise<boolean> {
    if (this.#made !== undefined) return true;
    this.#found ??= readStoreFile(this.objects);
    const file = await kept(this.#found, () => {
      this.#found = undefined;
    });
    // Somebody may make one at any time.
    if (file === undefined) this.#found = undefined;
    return file !== undefined;
  }

  /**
   * Before anything is written.
   *
   * @throws {TidemarkError} as {@link readable}; `NOT_IMPLEMENTED` for a storage that many writers cannot share
   */
  async writable(): Promise<void> {
    this.#made ??= this.#make();
    await kept(this.#made, () => {
      this.#made = undefined;
    });
  }

  async #make(): Promise<void> {
    const { objects, concurrency, furnish, pacer } = this.#parts;
    const { client } = objects;
    const { origin, href } = client.exchange.address;
    const address = JSON.stringify([href, client.bucket, objects.keyOf("")]);
    // First, so that a store of another version is left alone.
    const file = await readStoreFile(objects);
    const probing = probes().get(address) ?? probe(objects);
    probes().set(address, probing);
    const honesty = await kept(probing, () => void probes().delete(address));
    client.concurrency = concurrencyAt(origin, honesty, concurrency);
    if (file !== undefined) return;
    await furnish(new Heads(objects, pacer, async () => {}));
    // Last: where it is, the rest is too. Whose it is does not matter.
    await objects.putIf(STORE_FILE, Buffer.from(JSON.stringify(newStoreFile())), { ifAbsent: true });
  }
}

/** A promise that is not remembered where it fails. */
async function kept<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    forget();
    throw error;
  }
}
