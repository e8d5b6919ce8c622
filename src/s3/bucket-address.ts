import { isIP } from "node:net";
import { describe, invalidArgument, TidemarkError } from "../base/errors.ts";
import { encodeKey, encodeQuery } from "./uri-encoding.ts";

/** A bucket, and a directory in it. */
export interface BucketLocation {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const WANTED_HOST = /^[a-z0-9][a-z0-9.-]+[a-z0-9]$/;
/** Segments that are a step in a directory. */
const STEPS = /(?:^|\/)\.\.?(?:\/|$)/;
const HOST_LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/**
 * Reads `s3://bucket/prefix` as MLflow does: what follows the bucket is the key as it is, nothing in it is decoded.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for another scheme, a bucket that cannot be, and a prefix with `.` or `..` in it
 */
export function parseS3Uri(uri: string): BucketLocation {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/?#]*)(?:\/(.*))?$/is.exec(uri) ?? [];
  if (!BUCKET.test(bucket) || bucket.includes(".."))
    throw invalidArgument("uri", uri, 'a bucket, like "s3://bucket/prefix"');
  const prefix = path.replace(/^\/+|\/+$/g, "");
  checkSegments(prefix, "uri");
  return { bucket, prefix };
}

/** URL parsers resolve such steps, whatever is signed. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function checkSegments(key: string, argument: string): void {
  if (!STEPS.test(key)) return;
  const message = `${argument}: ${describe(key)} has a "." or ".." between slashes, which no address can carry`;
  throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument } });
}

/** Where requests for one bucket go. */
export interface BucketAddress {
  readonly endpoint: URL | undefined;
  readonly isPathStyle: boolean | undefined;
  readonly bucket: string;
}

/** The URL of an object, or of the bucket itself, with a query in the order that is signed. */
export function urlOf(
  { endpoint, isPathStyle, bucket }: BucketAddress,
  region: string,
  key: string | undefined,
  query: Readonly<Record<string, string | number | undefined>> = {},
): URL {
  const base = endpoint ?? new URL(`https://s3.${region.toLowerCase()}.${suffixOf(region)}`);
  const isInPath = isPathStyle === true || !canBeHost(base, bucket, isPathStyle === false);
  const { origin } = isInPath ? base : withHost(base, `${bucket}.${base.hostname}`);
  const root = base.pathname.replace(/\/+$/, "");
  const place = isInPath ? `${root}/${encodeKey(bucket)}` : root;
  const path = key === undefined ? place || "/" : `${place}/${encodeKey(key)}`;
  const search = encodeQuery(query);
  // One text, because a URL's own setters would encode some of it again.
  return new URL(`${origin}${path}${search === "" ? "" : `?${search}`}`);
}

function withHost(base: URL, hostname: string): URL {
  const url = new URL(base);
  url.hostname = hostname;
  return url;
}

/** Hosts are of lower case, and no address of numbers has others below it. A certificate covers no bucket with dots. */
function canBeHost({ hostname }: URL, bucket: string, isWanted: boolean): boolean {
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return false;
  return (isWanted ? WANTED_HOST : HOST_LABEL).test(bucket);
}

const suffixOf = (region: string): string => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com");
