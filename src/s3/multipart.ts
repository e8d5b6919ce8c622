import { TidemarkError } from "../base/errors.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { readText } from "./bodies.ts";
import { type ChecksumKind, checksumAlgorithm, checksumHeaders } from "./checksum.ts";
import { dropped } from "./client.ts";
import { refusalOf, s3Error } from "./s3-error.ts";
import type { S3Exchange } from "./s3-exchange.ts";
import { abortUpload } from "./unfinished-uploads.ts";
import { escapeXml, parseXml, textOf } from "./xml.ts";

/** A part that is there. */
export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  /** As it was sent, for S3 to compare once more. */
  readonly checksum: Readonly<Record<string, string>>;
}

interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

const LARGEST_ANSWER_BYTES = 1 << 16;

/** An object that is sent in parts. It is not there before it is completed, and costs its room until it is completed or aborted. */
export class MultipartUpload {
  readonly #exchange: S3Exchange;
  readonly #key: string;
  readonly #id: string;

  private constructor(exchange: S3Exchange, key: string, id: string) {
    this.#exchange = exchange;
    this.#key = key;
    this.#id = id;
  }

  /** Begins one. A repeat after a lost answer leaves an upload without parts behind, which holds nothing. */
  static async create(
    exchange: S3Exchange,
    key: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<MultipartUpload> {
    const { checksum, uploadHeaders } = exchange.settings;
    const algorithm = checksumAlgorithm(checksum);
    const own = algorithm === undefined ? {} : { "x-amz-checksum-algorithm": algorithm };
    const all = { ...own, ...headers, ...uploadHeaders };
    const call = { ...callOf("POST", "write", key), query: { uploads: "" }, headers: all };
    const id = await exchange.call({ ...call, body: new Uint8Array(), signal }, async (response) => {
      const root = parseXml(await answerOf(response));
      return root.name === "InitiateMultipartUploadResult" ? textOf(root, "UploadId") : undefined;
    });
    if (id === undefined || id === "")
      throw new TidemarkError("DATA_DAMAGED", "the storage began an upload in parts and does not say which");
    return new MultipartUpload(exchange, key, id);
  }

  async send(number: number, body: Uint8Array, options: SendOptions): Promise<UploadedPart> {
    const checksum = checksumHeaders(this.#checksum, body);
    const query = { partNumber: number, uploadId: this.#id };
    const call = { ...callOf("PUT", "write", this.#key), query, headers: checksum, body, ...options };
    const etag = await this.#exchange.call(
      call,
      dropped(({ headers }) => headers.etag),
    );
    if (etag === undefined) throw new TidemarkError("DATA_DAMAGED", "the storage took a part and does not tag it");
    return { number, etag, checksum };
  }

  /**
   * Makes the object of its parts. Answers whether it is certain that this call did it, and not an earlier try.
   *
   * @throws {TidemarkError} S3's error; `RESOURCE_DOES_NOT_EXIST` also where an earlier try whose answer was lost has done it
   */
  async complete(parts: readonly UploadedPart[], signal: AbortSignal | undefined): Promise<string> {
    const list = parts.map(partXml).join("");
    const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`;
    const call = {
      ...callOf("POST", "write", this.#key),
      query: { uploadId: this.#id },
      headers: { "content-type": "application/xml" },
      body: Buffer.from(xml),
      signal,
    };
    return await this.#exchange.call(call, (response) => this.#readCompletion(response));
  }

  /** Throws the parts away. */
  async abort(signal: AbortSignal): Promise<void> {
    await abortUpload(this.#exchange, this.#key, this.#id, signal);
  }

  get #checksum(): ChecksumKind {
    return this.#exchange.settings.checksum;
  }

  /** S3 begins to answer before it is done, so that an error can come with the status of a success. */
  async #readCompletion(response: HttpResponse): Promise<string> {
    const root = parseXml(await answerOf(response));
    if (root.name === "CompleteMultipartUploadResult") return textOf(root, "ETag") ?? "";
    const refusal = refusalOf(response.status, response.headers, root);
    const { bucket } = this.#exchange;
    throw s3Error({ ...callOf("POST", "write", this.#key), bucket, origin: bucket }, refusal);
  }
}

async function answerOf(response: HttpResponse): Promise<string> {
  return (await readText(response, LARGEST_ANSWER_BYTES)) ?? "";
}

function partXml({ number, etag, checksum }: UploadedPart): string {
  const [crc32, sha256] = [checksum["x-amz-checksum-crc32"], checksum["x-amz-checksum-sha256"]];
  const sums = [
    crc32 === undefined ? "" : `<ChecksumCRC32>${crc32}</ChecksumCRC32>`,
    sha256 === undefined ? "" : `<ChecksumSHA256>${sha256}</ChecksumSHA256>`,
  ].join("");
  return `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag>${sums}</Part>`;
}

const callOf = <M extends "POST" | "PUT">(method: M, action: string, key: string) =>
  ({ method, action, key, permission: "s3:PutObject" }) as const;
