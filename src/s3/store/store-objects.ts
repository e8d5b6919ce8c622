import { randomBytes } from "node:crypto";
import { TidemarkError } from "../../base/errors.ts";
import type { ListedObject } from "../list-page.ts";
import type { ConditionalOutcome, PutOptions, WriteCondition } from "../object-requests.ts";
import { isMissingObject, placeOf } from "../s3-error.ts";
import type { StoreClient } from "./store-client.ts";

/** An object with its bytes. */
export interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** The objects of one store, by their keys below its prefix. */
export class StoreObjects {
  readonly client: StoreClient;
  readonly #base: string;

  /** @param prefix - Without slashes at its ends; empty for the whole bucket. */
  constructor(client: StoreClient, prefix: string) {
    this.client = client;
    this.#base = prefix === "" ? "" : `${prefix}/`;
  }

  /** The whole key. */
  keyOf(key: string): string {
    return this.#base + key;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` for what is larger than it may be */
  async get(key: string, mostBytes: number): Promise<StoredObject | undefined> {
    const whole = this.keyOf(key);
    const { exchange } = this.client;
    try {
      return await exchange.call(
        { method: "GET", action: "read", permission: "s3:GetObject", key: whole },
        async ({ headers, body }) => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          for await (const piece of body) {
            pieces.push(piece as Buffer);
            bytes += (piece as Buffer).length;
            if (bytes > mostBytes) throw damaged(this.#placeOf(key), `is larger than ${mostBytes} bytes`);
          }
          return { bytes: Buffer.concat(pieces), etag: headers.etag ?? "" };
        },
      );
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<void> {
    await this.client.put(this.keyOf(key), body, options);
  }

  async putIf(key: string, body: Uint8Array, condition: WriteCondition): Promise<ConditionalOutcome> {
    const options = { headers: { "content-type": "application/json" } };
    return await this.client.putIf(this.keyOf(key), body, condition, options);
  }

  async delete(key: string): Promise<void> {
    await this.client.delete(this.keyOf(key));
  }

  /** What is below a directory, named by its keys below the store's prefix. */
  async list(directory: string, startAfter?: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    for await (const object of this.each(directory, startAfter)) found.push(object);
    return found;
  }

  /** The same one by one, for what may be more than memory likes. */
  async *each(directory: string, startAfter?: string): AsyncGenerator<ListedObject> {
    const after = startAfter === undefined ? {} : { startAfter: this.keyOf(startAfter) };
    const prefix = this.keyOf(directory);
    for await (const { objects } of this.client.list({ prefix, ...after })) {
      for (const object of objects) {
        if (!object.key.startsWith(prefix)) throw damaged(this.#placeOf(directory), "has a list with strange keys");
        yield { ...object, key: object.key.slice(this.#base.length) };
      }
    }
  }

  /** For messages. */
  describe(key: string): string {
    return this.#placeOf(key);
  }

  #placeOf(key: string): string {
    return placeOf(this.client.bucket, this.keyOf(key));
  }
}

/** An object that is not what the format says. */
export const damaged = (place: string, problem: string, cause?: unknown): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `${place} ${problem}`, { cause });

/** A random name of an operation, a chunk or a marker. */
export const newNonce = (): string => randomBytes(8).toString("hex");
