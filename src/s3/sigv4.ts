import { createHash, createHmac } from "node:crypto";
import { encodeQuery } from "./uri-encoding.ts";

/** Who signs. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that last for some hours only. */
  readonly sessionToken?: string | undefined;
}

/** Where a signature counts. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** What is signed. The URL's path and query are encoded already, the query is in order (`uri-encoding.ts`). */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 of the body, or the word for a body that is not signed. */
  readonly payloadHash: string;
}

/** What of a request the signature is over, in order. */
interface SignedParts {
  readonly names: readonly string[];
  readonly query: string;
}

/** For a body whose bytes the connection protects. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Signs requests as AWS's Signature Version 4 says, with the rules of S3: paths are encoded once, and never normalised. */
export class Signer {
  readonly #service: string;
  #lastKey:
    | { readonly secret: string; readonly region: string; readonly day: string; readonly key: Buffer }
    | undefined;

  constructor(service = "s3") {
    this.#service = service;
  }

  /** The headers with those that sign them. */
  signHeaders(request: SignableRequest, keys: AwsKeys, region: string, time: Date): Record<string, string> {
    const stamp = stampOf(time);
    const { sessionToken } = keys;
    const headers = {
      ...request.headers,
      "x-amz-date": stamp,
      ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
    };
    const names = signedNames(headers);
    const query = request.url.search.slice(1);
    const signature = this.#sign({ ...request, headers, names, query }, keys, region, stamp);
    const scope = this.#scope(region, stamp);
    return {
      ...headers,
      authorization: `${ALGORITHM} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
    };
  }

  /** The URL with a query that signs it. Whoever has it may send this one request, with these headers, until it expires. */
  signUrl(request: SignableRequest, keys: AwsKeys, region: string, time: Date, expiresInSeconds: number): URL {
    const stamp = stampOf(time);
    const names = signedNames(request.headers);
    const query = encodeQuery({
      ...Object.fromEntries(request.url.searchParams),
      "X-Amz-Algorithm": ALGORITHM,
      "X-Amz-Credential": `${keys.accessKeyId}/${this.#scope(region, stamp)}`,
      "X-Amz-Date": stamp,
      "X-Amz-Expires": expiresInSeconds,
      "X-Amz-SignedHeaders": names.join(";"),
      "X-Amz-Security-Token": keys.sessionToken,
    });
    const url = new URL(request.url);
    url.search = `${query}&X-Amz-Signature=${this.#sign({ ...request, names, query }, keys, region, stamp)}`;
    return url;
  }

  #scope(region: string, stamp: string): string {
    return `${stamp.slice(0, 8)}/${region}/${this.#service}/aws4_request`;
  }

  #sign(
    { method, url, headers, payloadHash, names, query }: SignableRequest & SignedParts,
    keys: AwsKeys,
    region: string,
    stamp: string,
  ): string {
    const lines = names.map((name) => `${name}:${oneSpaced(name === "host" ? url.host : (headers[name] ?? ""))}\n`);
    const canonical = [method, url.pathname, query, lines.join(""), names.join(";"), payloadHash].join("\n");
    const text = [ALGORITHM, stamp, this.#scope(region, stamp), sha256Hex(canonical)].join("\n");
    return hmac(this.#key(keys.secretAccessKey, region, stamp.slice(0, 8)), text).toString("hex");
  }

  /** Four hashes that are the same for a day. */
  #key(secret: string, region: string, day: string): Buffer {
    const last = this.#lastKey;
    if (last?.day === day && last.region === region && last.secret === secret) return last.key;
    const key = [region, this.#service, "aws4_request"].reduce(hmac, hmac(Buffer.from(`AWS4${secret}`), day));
    this.#lastKey = { secret, region, day, key };
    return key;
  }
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

export const sha256Hex = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const signedNames = (headers: Readonly<Record<string, string>>): string[] => [...Object.keys(headers), "host"].sort();

const oneSpaced = (text: string): string => text.trim().replace(/ {2,}/g, " ");

/** `20130524T000000Z` */
const stampOf = (time: Date): string => time.toISOString().replace(/[-:]|\.\d+/g, "");
