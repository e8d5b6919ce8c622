import { readFileSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { readEnv, readEnvFlag } from "../base/env.ts";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import type { HttpClientOptions, TlsOptions } from "../net/http-types.ts";
import { proxyOfEnvironment } from "../net/proxy.ts";
import type { ChecksumKind } from "./checksum.ts";
import { type CredentialSource, findCredentials } from "./credentials.ts";
import type { S3Options } from "./s3-options.ts";
import { readSharedConfig, type SharedConfig } from "./shared-config.ts";
import { uploadHeadersOfEnvironment } from "./upload-headers.ts";

/** All that is the same for every bucket, decided once: options before environment before files before defaults. */
export interface S3Settings {
  /** `undefined` for AWS. */
  readonly endpoint: URL | undefined;
  readonly region: string;
  /** `undefined` where it depends on the bucket. */
  readonly isPathStyle: boolean | undefined;
  readonly checksum: ChecksumKind;
  readonly credentials: CredentialSource;
  readonly network: HttpClientOptions;
  readonly maxRetries: number;
  /** Sent with everything. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with what is written. */
  readonly uploadHeaders: Readonly<Record<string, string>>;
}

const DEFAULT_REGION = "us-east-1";
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_RETRIES = 7;
const MAX_CONNECTIONS = 32;

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what cannot be meant */
export function findSettings(options: S3Options): S3Settings {
  let config: SharedConfig | undefined;
  // Read when it is asked for: most programs find all they need in the environment.
  const shared = () => {
    config ??= readSharedConfig(options.profile);
    return config;
  };
  const endpoint = findEndpoint(options, shared);
  const owner = readEnv("MLFLOW_S3_EXPECTED_BUCKET_OWNER");
  return {
    endpoint,
    region: findRegion(options, shared),
    isPathStyle: findPathStyle(options, endpoint, shared),
    checksum: options.checksum ?? defaultChecksum(endpoint),
    credentials: findCredentials(options, shared),
    network: {
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxConnections: MAX_CONNECTIONS,
      proxyFor: proxyOf(options),
      tls: readTls(options, endpoint),
    },
    maxRetries: options.maxRetries ?? retriesOfEnvironment() ?? DEFAULT_MAX_RETRIES,
    headers: owner === undefined ? {} : { "x-amz-expected-bucket-owner": owner },
    uploadHeaders: options.uploadHeaders ?? uploadHeadersOfEnvironment(),
  };
}

function findEndpoint(options: S3Options, shared: () => SharedConfig): URL | undefined {
  if (options.endpoint !== undefined) return parseEndpoint("endpoint", options.endpoint);
  const byMlflow = readEnv("MLFLOW_S3_ENDPOINT_URL");
  if (byMlflow !== undefined) return parseEndpoint("MLFLOW_S3_ENDPOINT_URL", byMlflow);
  if (readEnvFlag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return undefined;
  for (const name of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
    const url = readEnv(name);
    if (url !== undefined) return parseEndpoint(name, url);
  }
  const url = shared().service("s3").get("endpoint_url") ?? shared().settings.get("endpoint_url");
  return url === undefined ? undefined : parseEndpoint("endpoint_url of AWS's configuration", url);
}

function parseEndpoint(source: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isUsable = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isUsable || url.search !== "" || url.hash !== "" || url.username !== "") {
    const message = `${source}: expected an address like "https://storage.example:9000", without user, query and fragment`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: source } });
  }
  return url;
}

function findRegion({ region }: S3Options, shared: () => SharedConfig): string {
  const found = region ?? readEnv("AWS_REGION") ?? readEnv("AWS_DEFAULT_REGION") ?? shared().settings.get("region");
  if (found === undefined || found === "") return DEFAULT_REGION;
  // It becomes a part of a host name.
  if (/^[a-z0-9-]{1,40}$/i.test(found)) return found;
  throw new TidemarkError("INVALID_PARAMETER_VALUE", `region: ${describe(found)} is no region`, {
    details: { argument: "region" },
  });
}

/** At another storage the bucket is in the path unless somebody says otherwise, as in boto3. */
function findPathStyle({ forcePathStyle }: S3Options, endpoint: URL | undefined, shared: () => SharedConfig) {
  if (forcePathStyle !== undefined) return forcePathStyle;
  const style = readEnv("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE") ?? shared().nested("s3").get("addressing_style");
  if (style === "path") return true;
  if (style === "virtual") return false;
  return endpoint === undefined ? undefined : true;
}

const defaultChecksum = (endpoint: URL | undefined): ChecksumKind => {
  const wish = readEnv("AWS_REQUEST_CHECKSUM_CALCULATION")?.toLowerCase();
  if (wish === "when_supported") return "crc32";
  return endpoint === undefined && wish !== "when_required" ? "crc32" : "md5";
};

const proxyOf = ({ proxy }: S3Options): ((url: URL) => string | undefined) => {
  if (proxy === false) return () => undefined;
  return proxy === undefined ? (url) => proxyOfEnvironment(url, readEnv) : () => proxy;
};

function readTls({ tls = {} }: S3Options, endpoint: URL | undefined): TlsOptions {
  const isInsecure = tls.isInsecure ?? readEnvFlag("MLFLOW_S3_IGNORE_TLS");
  if (isInsecure) {
    const place = endpoint?.origin ?? "AWS";
    warnOnce(
      `insecure-s3:${place}`,
      `the certificate of the storage at ${place} is not checked: anybody between may read and change everything`,
    );
  }
  const caFile = tls.caFile ?? readEnv("AWS_CA_BUNDLE");
  if (caFile === undefined) return { isInsecure };
  try {
    return { isInsecure, ca: readFileSync(caFile, "utf8") };
  } catch (error) {
    const argument = tls.caFile === undefined ? "AWS_CA_BUNDLE" : "tls.caFile";
    const message = `${argument}: ${describe(caFile)} cannot be read: ${messageOf(error)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { cause: error, details: { argument } });
  }
}

function retriesOfEnvironment(): number | undefined {
  const text = readEnv("AWS_MAX_ATTEMPTS");
  return text !== undefined && /^[1-9]\d?$/.test(text) ? Number(text) - 1 : undefined;
}
