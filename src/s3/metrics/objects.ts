import { messageOf, TidemarkError } from "../../base/errors.ts";
import { guardedExchange } from "../../net/http-client.ts";
import { verifierOf } from "../checksum.ts";
import type { S3Client } from "../client.ts";
import type { ByteRange, GetOptions } from "../object-requests.ts";
import { placeOf } from "../s3-error.ts";
import type { ByteSource } from "./read-file.ts";

/** The bytes of an object, and its ETag. */
export interface ReadObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/**
 * Reads a whole object, or a part of it.
 *
 * @param mostBytes - What it may be at most: a storage may say and send anything.
 * @throws {TidemarkError} S3's error; `DATA_DAMAGED` for what is longer, and for what is not what its checksum says
 */
export async function readObject(
  client: S3Client,
  key: string,
  mostBytes: number,
  options: GetOptions = {},
): Promise<ReadObject> {
  const response = await client.open(key, options);
  const verifier = options.range === undefined ? verifierOf(response.headers) : undefined;
  const where = { url: client.exchange.address, signal: options.signal };
  const bytes = await guardedExchange(where, async () => {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of response.body as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > mostBytes) throw damagedObject(client, key, "is longer than it may be");
      verifier?.update(piece);
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  });
  if (verifier?.isRight() === false) throw damagedObject(client, key, "has other bytes than its checksum says");
  return { bytes, etag: response.headers.etag ?? "" };
}

/** An object of which only parts are read. */
export function objectSource(client: S3Client, key: string, sizeBytes: number): ByteSource {
  const read = async (range: ByteRange, signal: AbortSignal | undefined) => {
    const isWhole = range.from === 0 && range.to === sizeBytes;
    const length = range.to - range.from;
    const { bytes } = await readObject(client, key, length, { signal, ...(isWhole ? {} : { range }) });
    if (bytes.length !== length) throw damagedObject(client, key, "is shorter than it should be");
    return bytes;
  };
  return { sizeBytes, place: placeOf(client.bucket, key), read };
}

/** What was to be there, and is not however often it is looked for. */
export const filesMissing = (
  { client, prefix }: { readonly client: S3Client; readonly prefix: string },
  cause: unknown,
): TidemarkError => {
  const message = `files of the metrics at ${placeOf(client.bucket, prefix)} are missing: ${messageOf(cause)}`;
  return new TidemarkError("DATA_DAMAGED", message, { cause });
};

const damagedObject = (client: S3Client, key: string, problem: string): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `${placeOf(client.bucket, key)} ${problem}`);
