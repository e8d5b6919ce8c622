import { randomUUID } from "node:crypto";
import { invalidArgument, TidemarkError } from "../base/errors.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { readText } from "./bodies.ts";
import { checkSegments } from "./bucket-address.ts";
import { checksumHeaders } from "./checksum.ts";
import { type DeleteResult, deleteBody, readDeleteResult } from "./delete-objects.ts";
import { type ListPage, readListPage } from "./list-page.ts";
import type {
  ConditionalOutcome,
  GetOptions,
  ListOptions,
  ObjectInfo,
  PresignOptions,
  PutOptions,
  S3RequestOptions,
  WriteCondition,
} from "./object-requests.ts";
import { isMissingObject, placeOf } from "./s3-error.ts";
import type { S3Call, S3Exchange } from "./s3-exchange.ts";

const DEFAULT_PRESIGN_SECONDS = 900;
const LONGEST_PRESIGN_SECONDS = 7 * 24 * 3_600;
/** By this a call knows its own object again when it has lost the answer. */
const OPERATION_HEADER = "x-amz-meta-tidemark-op";
/** A thousand keys of a KiB, each byte of them encoded, and what is said beside them. */
const LARGEST_LIST_BYTES = 16 << 20;

/** The objects of one bucket. Every call may be repeated inside, and says at most once what became of it. */
export class S3Client {
  readonly #exchange: S3Exchange;

  constructor(exchange: S3Exchange) {
    this.#exchange = exchange;
  }

  get bucket(): string {
    return this.#exchange.bucket;
  }

  /** For what goes on over several requests. */
  get exchange(): S3Exchange {
    return this.#exchange;
  }

  /** Writes an object, whatever is there. Answers its ETag. */
  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<string> {
    return await this.#exchange.call(this.#putCall(key, body, options), dropped(etagOf));
  }

  /**
   * Writes an object where the condition holds. An answer that gets lost does not matter: the object carries an id of the call, by which
   * the repeat knows it again.
   *
   * @throws {TidemarkError} as {@link put}; a condition that does not hold is an outcome
   */
  async putIf(
    key: string,
    body: Uint8Array,
    condition: WriteCondition,
    options: PutOptions = {},
  ): Promise<ConditionalOutcome> {
    const operation = randomUUID();
    const when = "ifAbsent" in condition ? { "if-none-match": "*" } : { "if-match": condition.ifMatch };
    const headers = { ...options.headers, ...when, [OPERATION_HEADER]: operation };
    const call = this.#putCall(key, body, { ...options, headers });
    const settled = await this.#exchange.settle(call, dropped(etagOf));
    if (settled.status === "ok") return { status: "written", etag: settled.value };
    const { error, isRepeat } = settled;
    // What must match is not there at all: that too is another state than the one that was meant.
    const isGone = "ifMatch" in condition && error.details.storageCode === "NoSuchKey";
    if (error.details.httpStatus !== 412 && !isGone) throw error;
    if (!isRepeat) return { status: "refused", mayHaveWritten: false };
    const there = await this.find(key, options);
    if (there?.headers[OPERATION_HEADER] === operation) return { status: "written", etag: there.etag };
    return { status: "refused", mayHaveWritten: true };
  }

  /** The answer with its body unread. Breaks in its middle are the reader's. */
  async open(key: string, { range, ifMatch, signal }: GetOptions = {}): Promise<HttpResponse> {
    const headers = {
      ...(range === undefined
        ? { "x-amz-checksum-mode": "ENABLED" }
        : { range: `bytes=${range.from}-${range.to - 1}` }),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    };
    return await this.#exchange.call({ ...this.#onKey("GET", "read", key), headers, signal }, async (answer) => answer);
  }

  /** What is known of an object. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async head(key: string, { signal }: S3RequestOptions = {}): Promise<ObjectInfo> {
    return await this.#exchange.call({ ...this.#onKey("HEAD", "look at", key), signal }, async (response) => {
      await response.drop();
      const { headers } = response;
      return { sizeBytes: Number(headers["content-length"] ?? 0), etag: headers.etag ?? "", headers };
    });
  }

  /** The same; `undefined` where there is none. */
  async find(key: string, options: S3RequestOptions = {}): Promise<ObjectInfo | undefined> {
    try {
      return await this.head(key, options);
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  }

  /** Deletes an object. One that is not there is fine. */
  async delete(key: string, { signal }: S3RequestOptions = {}): Promise<void> {
    try {
      await this.#exchange.call({ ...this.#onKey("DELETE", "delete", key), signal }, (response) => response.drop());
    } catch (error) {
      // AWS is content where there is none; storages on files refuse the second of two who delete at once.
      if (!isMissingObject(error)) throw error;
    }
  }

  /** Deletes at most a thousand objects with one request. Answers what could not be deleted, and why. What is not there is fine. */
  async deleteMany(keys: readonly string[], { signal }: S3RequestOptions = {}): Promise<DeleteResult> {
    const body = deleteBody(keys);
    // S3 asks for a checksum here, whatever is chosen for objects.
    const headers = { ...checksumHeaders("md5", body), "content-type": "application/xml" };
    const call: S3Call = { ...DELETE_CALL, body, headers, signal };
    return await this.#exchange.call(call, async (response) => readDeleteResult(await this.#text(response)));
  }

  /** One page of keys, in the order of their UTF-8 bytes. */
  async listPage(options: ListOptions = {}): Promise<ListPage> {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      prefix: options.prefix,
      delimiter: options.delimiter,
      "start-after": options.startAfter,
      "max-keys": options.maxKeys,
      "continuation-token": options.continuationToken,
    };
    const call: S3Call = { ...LIST_CALL, query, signal: options.signal };
    return await this.#exchange.call(call, async (response) => readListPage(await this.#text(response)));
  }

  /** All pages, one after the other. @throws {TidemarkError} `DATA_DAMAGED` for a list that goes in a circle */
  async *list(options: ListOptions = {}): AsyncGenerator<ListPage> {
    for (let continuationToken = options.continuationToken; ; ) {
      const page = await this.listPage({ ...options, continuationToken });
      yield page;
      if (page.nextToken === undefined) return;
      if (page.nextToken === continuationToken)
        throw new TidemarkError("DATA_DAMAGED", `the list of bucket "${this.bucket}" goes in a circle`);
      continuationToken = page.nextToken;
    }
  }

  /** An address by which anybody may do this one thing, until it expires. It is a secret. */
  async presign(key: string, options: PresignOptions = {}): Promise<URL> {
    const { method = "GET", expiresInSeconds = DEFAULT_PRESIGN_SECONDS, headers = {}, query = {} } = options;
    checkKey(key);
    if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > LONGEST_PRESIGN_SECONDS)
      throw invalidArgument("expiresInSeconds", expiresInSeconds, `1 to ${LONGEST_PRESIGN_SECONDS}`);
    return await this.#exchange.presign({ method, key, headers, query }, expiresInSeconds);
  }

  #putCall(key: string, body: Uint8Array, { headers = {}, onBytes, signal }: PutOptions): S3Call {
    const { checksum, uploadHeaders } = this.#exchange.settings;
    return {
      ...this.#onKey("PUT", "write", key),
      headers: { ...checksumHeaders(checksum, body), ...headers, ...uploadHeaders },
      body,
      onBytes,
      signal,
    };
  }

  #onKey(method: "GET" | "PUT" | "HEAD" | "DELETE", action: string, key: string) {
    checkKey(key);
    return { method, action, key, permission: PERMISSIONS[method] } as const;
  }

  async #text(response: HttpResponse): Promise<string> {
    const text = await readText(response, LARGEST_LIST_BYTES);
    if (text !== undefined) return text;
    throw new TidemarkError("DATA_DAMAGED", `an answer about ${placeOf(this.bucket, undefined)} is too large`);
  }
}

function checkKey(key: string): void {
  if (key === "") throw invalidArgument("key", key, "the key of an object");
  checkSegments(key, "key");
}

const PERMISSIONS = {
  GET: "s3:GetObject",
  HEAD: "s3:GetObject",
  PUT: "s3:PutObject",
  DELETE: "s3:DeleteObject",
} as const;

const LIST_CALL = { method: "GET", action: "list", permission: "s3:ListBucket" } as const;
const DELETE_CALL = {
  method: "POST",
  action: "delete objects of",
  permission: "s3:DeleteObject",
  query: { delete: "" },
} as const;

const etagOf = ({ headers }: HttpResponse): string => headers.etag ?? "";

/** Reads an answer of which the body does not matter. */
export const dropped =
  <T>(read: (response: HttpResponse) => T) =>
  async (response: HttpResponse): Promise<T> => {
    await response.drop();
    return read(response);
  };
