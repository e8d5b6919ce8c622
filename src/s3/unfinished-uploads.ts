import { TidemarkError } from "../base/errors.ts";
import type { HttpResponse } from "../net/http-types.ts";
import { readText } from "./bodies.ts";
import type { S3Exchange } from "./s3-exchange.ts";
import { childrenOf, parseXml, textOf } from "./xml.ts";

/** An upload in parts that was neither completed nor aborted. Its parts cost room. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  /** By the clock of the storage. */
  readonly initiated: Date;
}

interface UploadPage {
  readonly uploads: readonly UnfinishedUpload[];
  /** Where the next page begins; `undefined` at the end. */
  readonly next: { readonly keyMarker: string; readonly uploadIdMarker: string } | undefined;
}

const LARGEST_LIST_BYTES = 16 << 20;

/** All of them whose keys begin so. @throws {TidemarkError} S3's error: `NOT_IMPLEMENTED` where the storage does not list them; `DATA_DAMAGED` */
export async function* unfinishedUploads(exchange: S3Exchange, prefix: string): AsyncGenerator<UnfinishedUpload> {
  for (let from: UploadPage["next"]; ; ) {
    const query = {
      uploads: "",
      prefix,
      "encoding-type": "url",
      "key-marker": from?.keyMarker,
      "upload-id-marker": from?.uploadIdMarker,
    };
    const call = {
      method: "GET",
      action: "list the uploads of",
      permission: "s3:ListBucketMultipartUploads",
      query,
    } as const;
    const page = await exchange.call(call, readUploads);
    yield* page.uploads.filter(({ key }) => key.startsWith(prefix));
    const isSame = page.next?.keyMarker === from?.keyMarker && page.next?.uploadIdMarker === from?.uploadIdMarker;
    if (page.next === undefined || isSame) return;
    from = page.next;
  }
}

/** Throws its parts away. One that is not there any more is fine. */
export async function abortUpload(
  exchange: S3Exchange,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<void> {
  const call = { method: "DELETE", action: "abort an upload of", permission: "s3:AbortMultipartUpload", key } as const;
  try {
    await exchange.call({ ...call, query: { uploadId }, signal }, (response) => response.drop());
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST")) throw error;
  }
}

async function readUploads(response: HttpResponse): Promise<UploadPage> {
  const text = await readText(response, LARGEST_LIST_BYTES);
  const root = parseXml(text ?? "");
  if (root.name !== "ListMultipartUploadsResult") throw noList(`is a ${root.name}`);
  const decode = textOf(root, "EncodingType") === "url" ? decodeKey : (key: string) => key;
  const uploads = childrenOf(root, "Upload").flatMap((element) => {
    const [key, uploadId] = [textOf(element, "Key"), textOf(element, "UploadId")];
    const initiated = new Date(textOf(element, "Initiated") ?? Number.NaN);
    // One without a time is not known to be old.
    if (key === undefined || uploadId === undefined || Number.isNaN(initiated.getTime())) return [];
    return [{ key: decode(key), uploadId, initiated }];
  });
  const keyMarker = textOf(root, "NextKeyMarker");
  const isTruncated = textOf(root, "IsTruncated") === "true" && keyMarker !== undefined;
  const uploadIdMarker = textOf(root, "NextUploadIdMarker") ?? "";
  return { uploads, next: isTruncated ? { keyMarker: decode(keyMarker), uploadIdMarker } : undefined };
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    throw noList("has a key that cannot be decoded", error);
  }
}

const noList = (problem: string, cause?: unknown): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `the storage's list of uploads ${problem}`, { cause });
