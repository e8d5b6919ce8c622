import { messageOf, TidemarkError } from "../base/errors.ts";
import { childrenOf, parseXml, textOf, type XmlElement } from "./xml.ts";

/** An object as a list names it. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly lastModified: Date;
}

/** A part of a list. */
export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** What keys have in common up to the delimiter, with it. */
  readonly prefixes: readonly string[];
  /** For the next part; `undefined` at the end. */
  readonly nextToken: string | undefined;
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function readListPage(text: string): ListPage {
  const root = parseXml(text);
  if (root.name !== "ListBucketResult") throw noList(`is a ${root.name}`);
  const decode = textOf(root, "EncodingType") === "url" ? decodeKey : (key: string) => key;
  const isTruncated = textOf(root, "IsTruncated") === "true";
  const nextToken = textOf(root, "NextContinuationToken");
  if (isTruncated && (nextToken === undefined || nextToken === ""))
    throw noList("says that there is more, and not how to get it");
  return {
    objects: childrenOf(root, "Contents").map((element) => ({
      key: decode(required(element, "Key")),
      sizeBytes: sizeOf(required(element, "Size")),
      etag: textOf(element, "ETag") ?? "",
      lastModified: new Date(textOf(element, "LastModified") ?? Number.NaN),
    })),
    prefixes: childrenOf(root, "CommonPrefixes").map((element) => decode(required(element, "Prefix"))),
    nextToken: isTruncated ? nextToken : undefined,
  };
}

/** A space comes as a plus. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    throw noList(`has a key that cannot be decoded: ${messageOf(error)}`);
  }
}

function required(element: XmlElement, name: string): string {
  const text = textOf(element, name);
  if (text === undefined) throw noList(`has a ${element.name} without ${name}`);
  return text;
}

function sizeOf(text: string): number {
  const size = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(size)) throw noList("has a size that is none");
  return size;
}

const noList = (problem: string): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `the storage's list of objects ${problem}`);
