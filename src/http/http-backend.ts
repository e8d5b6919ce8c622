import { readFileSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { readEnv, readEnvFlag } from "../base/env.ts";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import { schemeOf } from "../base/file-uri.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import { HttpClient } from "../net/http-client.ts";
import type { TlsOptions } from "../net/http-types.ts";
import { proxyOfEnvironment } from "../net/proxy.ts";
import { checkArgument } from "../schema/check.ts";
import { isHttpLocation, parseLocation } from "./artifact-location.ts";
import { ANYBODY, type Credentials, findCredentials } from "./credentials.ts";
import { HttpArtifactStore } from "./http-artifact-store.ts";
import { HttpLoggedModelStore } from "./http-logged-model-store.ts";
import { HTTP_SINK_LIMITS, HttpMetricSink } from "./http-metric-sink.ts";
import { type HttpOptions, httpOptionsSchema } from "./http-options.ts";
import { HttpRegistryStore } from "./http-registry-store.ts";
import { HttpTrackingStore } from "./http-tracking-store.ts";
import { RestClient } from "./rest-client.ts";
import { RunIds } from "./run-ids.ts";
import { parseAddress } from "./server-address.ts";
import { findWorkspace, type Workspace } from "./workspace.ts";

/** What {@link httpBackend} takes. */
export interface HttpBackendOptions extends HttpOptions {
  /** Address of the MLflow server: `http://host:5000`, also with a path before its API. */
  readonly url: string;
  /** Opens artifacts that are not behind the server: `file:`, `s3:`. Default: refused by name. */
  readonly openArtifacts?: (uri: string) => ArtifactStore | undefined;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_MAX_RETRIES = 7;
/** More do not help: the server's database takes one write at a time, and a worker has 15 connections to it. */
const MAX_CONNECTIONS = 8;

/**
 * Runs at an MLflow tracking server, over its REST API.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { connect } from "tidemark";
 * import { httpBackend } from "tidemark/http";
 *
 * const client = await connect(httpBackend({ url: "http://127.0.0.1:5000", token: () => "secret" }));
 * console.log(client.uri);
 * ```
 */
export function httpBackend({ url: address, openArtifacts, ...given }: HttpBackendOptions): Backend {
  const options = checkArgument("options", httpOptionsSchema, given);
  const { url, base } = parseAddress(address);
  return backendAt(base, options, findCredentials(options, url), findWorkspace(options.workspace), openArtifacts);
}

/**
 * The artifacts at `http://…/api/2.0/mlflow-artifacts/artifacts/…`, for whoever is connected to no server: the address comes from
 * anywhere, so nothing of what the environment says for the tracking server is sent there.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `DATA_DAMAGED`
 */
export function strangeArtifacts(uri: string): ArtifactStore {
  const { base } = parseAddress(parseLocation(uri, "").base);
  return backendAt(base, {}, ANYBODY, undefined, undefined).artifacts(uri);
}

function backendAt(
  base: string,
  options: HttpOptions,
  credentials: Credentials,
  workspace: Workspace | undefined,
  openArtifacts: HttpBackendOptions["openArtifacts"],
): Backend {
  const network = {
    timeoutMs: options.timeoutMs ?? secondsOf("MLFLOW_HTTP_REQUEST_TIMEOUT") ?? DEFAULT_TIMEOUT_MS,
    maxConnections: MAX_CONNECTIONS,
    rotatesConnections: true,
    proxyFor: proxyOf(options),
  };
  const http = new HttpClient({ ...network, tls: readTls(options, base) });
  const rest = new RestClient({
    http,
    base,
    credentials,
    headers: options.headers ?? {},
    workspace,
    maxRetries: options.maxRetries ?? countOf("MLFLOW_HTTP_REQUEST_MAX_RETRIES") ?? DEFAULT_MAX_RETRIES,
  });
  // The storage behind a server is another host: what opens and proves the server to us, and us to it, is not for it.
  const storage = new HttpClient({
    ...network,
    tls: { isInsecure: readEnvFlag("MLFLOW_S3_IGNORE_TLS") },
  });
  const runIds = new RunIds(rest);
  const artifactsBy = (client: RestClient) => (uri: string) => {
    if (schemeOf(uri) === "mlflow-artifacts" || isHttpLocation(uri)) return new HttpArtifactStore(client, storage, uri);
    const store = openArtifacts?.(uri);
    if (store !== undefined) return store;
    throw new TidemarkError("NOT_IMPLEMENTED", `no backend here opens the artifacts at ${describe(uri)}`);
  };
  return {
    uri: base,
    tracking: new HttpTrackingStore(rest, runIds),
    registry: new HttpRegistryStore(rest, runIds),
    loggedModels: new HttpLoggedModelStore(rest, runIds),
    version: async () => `MLflow ${(await rest.once.text({ method: "GET", path: "/version" })).trim()}`,
    remote: {
      identity: JSON.stringify([base, workspace?.name ?? null, credentials.identity]),
      sinkLimits: HTTP_SINK_LIMITS,
      tracking: new HttpTrackingStore(rest.once, new RunIds(rest.once)),
      openSink: ({ id }) => new HttpMetricSink(rest.once, id),
      artifacts: artifactsBy(rest.once),
    },
    artifacts: artifactsBy(rest),
    close: async () => {
      await Promise.all([http.close(), storage.close()]);
    },
  };
}

function proxyOf({ proxy }: HttpOptions): (url: URL) => string | undefined {
  if (proxy === false) return () => undefined;
  return proxy === undefined ? (url) => proxyOfEnvironment(url, readEnv) : () => proxy;
}

function readTls({ tls = {} }: HttpOptions, base: string): TlsOptions {
  const caFile = tls.caFile ?? readEnv("MLFLOW_TRACKING_SERVER_CERT_PATH");
  const certFile = tls.clientCertFile ?? readEnv("MLFLOW_TRACKING_CLIENT_CERT_PATH");
  const isInsecure = tls.isInsecure ?? readEnvFlag("MLFLOW_TRACKING_INSECURE_TLS");
  if (isInsecure)
    warnOnce(
      `insecure:${base}`,
      `the certificate of ${base} is not checked: anybody between may read and change everything`,
    );
  const cert = readPem("tls.clientCertFile", certFile);
  return {
    ca: readPem("tls.caFile", caFile),
    cert,
    key: readPem("tls.clientKeyFile", tls.clientKeyFile) ?? cert,
    isInsecure,
  };
}

function readPem(argument: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const message = `${argument}: ${describe(path)} cannot be read: ${messageOf(error)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { cause: error, details: { argument } });
  }
}

function countOf(name: string): number | undefined {
  const text = readEnv(name);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function secondsOf(name: string): number | undefined {
  const seconds = Number(readEnv(name));
  return seconds > 0 ? seconds * 1_000 : undefined;
}
