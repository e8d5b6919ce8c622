import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { localPathOf, pathOfFileUri, schemeOf } from "../base/file-uri.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Client } from "../tracking/client.ts";
import { registeredFactory } from "./backends.ts";

type Opener = (uri: string) => ArtifactStore | Promise<ArtifactStore>;

/** How artifacts are opened that no backend in use has put there, by scheme. Another scheme is one more line. */
const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  [
    "file",
    async (uri) => new (await import("../fs/local-artifact-store.ts")).LocalArtifactStore(localPathOf(uri), false),
  ],
  ["http", openServed],
  ["https", openServed],
  ["s3", openS3],
]);

async function openS3(uri: string): Promise<ArtifactStore> {
  const { s3Artifacts } = await import("../s3/s3-artifacts.ts");
  return s3Artifacts(uri);
}

async function openServed(uri: string): Promise<ArtifactStore> {
  const [{ isHttpLocation }, { strangeArtifacts }] = await Promise.all([
    import("../http/artifact-location.ts"),
    import("../http/http-backend.ts"),
  ]);
  if (isHttpLocation(uri)) return strangeArtifacts(uri);
  throw cannotOpen(uri, "; of a server are those below http://host:port/api/2.0/mlflow-artifacts/artifacts/");
}

/**
 * Opens the files at a location: a path, or a URI of any scheme that somebody here can read. What the client's own backend has put
 * somewhere is opened by it, and with its credentials, which no other host gets to see.
 *
 * @throws {TidemarkError} `NOT_IMPLEMENTED` for what nobody here can read, with the scheme as a detail
 */
export async function openArtifacts(uri: string, client: Client): Promise<ArtifactStore> {
  const scheme = schemeOf(uri) ?? "file";
  if (isOfBackend(scheme, client)) return await openHere(uri, client);
  const factory = registeredFactory(scheme);
  if (factory !== undefined) return (await factory(uri, {})).artifacts(uri);
  const open = OPENERS.get(scheme);
  if (open === undefined) throw cannotOpen(uri);
  return await open(uri);
}

/** The local directory of a store, where it is one: what is there need not be downloaded. */
export async function localDirectoryOf(store: ArtifactStore): Promise<string | undefined> {
  if (schemeOf(store.uri) !== "file") return undefined;
  const { LocalArtifactStore } = await import("../fs/local-artifact-store.ts");
  return store instanceof LocalArtifactStore ? pathOfFileUri(store.uri) : undefined;
}

function isOfBackend(scheme: string, client: Client): boolean {
  const own = schemeOf(client.uri) ?? "file";
  const isServer = own === "http" || own === "https";
  return isServer ? ["http", "https", "mlflow-artifacts", "file"].includes(scheme) : own === scheme;
}

async function openHere(uri: string, client: Client): Promise<ArtifactStore> {
  try {
    return client.backend.artifacts(uri);
  } catch (error) {
    // A server's client knows addresses of artifacts only; what else there is to say about others is said in one place.
    const open = OPENERS.get(schemeOf(uri) ?? "file");
    const isOther = error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED";
    if (open === undefined || !isOther) throw error;
    return await open(uri);
  }
}

const cannotOpen = (uri: string, hint = "") =>
  new TidemarkError("NOT_IMPLEMENTED", `nothing here opens the artifacts at ${describe(redact(uri))}${hint}`, {
    details: { scheme: schemeOf(uri) },
  });
