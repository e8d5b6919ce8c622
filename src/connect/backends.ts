import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { localPathOf, schemeOf } from "../base/file-uri.ts";
import { processSlot } from "../base/process-state.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";

/** Makes the backend for a URI of one scheme. May load what it needs only now. */
export type BackendFactory = (uri: string, options: Readonly<Record<string, unknown>>) => Backend | Promise<Backend>;

const BUILT_IN: ReadonlyMap<string, BackendFactory> = new Map<string, BackendFactory>([
  ["file", async (uri) => (await import("../fs/fs-backend.ts")).fsBackend({ directory: localPathOf(uri) })],
  ["http", openServer],
  ["https", openServer],
  ["memory", async () => (await import("../memory/memory-backend.ts")).memoryBackend()],
]);

async function openServer(url: string, options: Readonly<Record<string, unknown>>): Promise<Backend> {
  const [{ httpBackend }, { LocalArtifactStore }] = await Promise.all([
    import("../http/http-backend.ts"),
    import("../fs/local-artifact-store.ts"),
  ]);
  return httpBackend({ ...options, url, openArtifacts: localArtifacts(LocalArtifactStore) });
}

/** A server that hands out no artifacts says where they are: this machine may have that directory too. */
export const localArtifacts =
  (Store: new (directory: string, isOwn: boolean) => ArtifactStore) =>
  (uri: string): ArtifactStore | undefined =>
    (schemeOf(uri) ?? "file") === "file" ? new Store(localPathOf(uri), false) : undefined;

const registered = () => processSlot<Map<string, BackendFactory>>("backend-factories", () => new Map());

/**
 * Plugs in a backend for one more URI scheme, for the whole process.
 *
 * @param scheme - Without the colon: `"gs"` for `gs://…`. Built-in schemes may be replaced.
 * @example
 * ```ts
 * import { registerBackend } from "tidemark";
 * import { memoryBackend } from "tidemark/memory";
 *
 * registerBackend("demo", async () => memoryBackend());
 * ```
 */
export function registerBackend(scheme: string, factory: BackendFactory): void {
  if (typeof scheme !== "string" || !/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    const message = `scheme: got ${describe(scheme)}; expected lower case letters, digits, "+", "." and "-", like "gs"`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "scheme" } });
  }
  if (typeof factory !== "function") {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `factory: got ${describe(factory)}; expected a function`);
  }
  registered().set(scheme, factory);
}

/** What somebody has plugged in for a scheme. */
export const registeredFactory = (scheme: string): BackendFactory | undefined => registered().get(scheme);

/** Makes the backend that a URI or path names. */
export async function openBackend(uri: string, options: Readonly<Record<string, unknown>>): Promise<Backend> {
  const scheme = schemeOf(uri) ?? "file";
  const factory = registeredFactory(scheme) ?? BUILT_IN.get(scheme);
  if (factory === undefined) {
    const known = [...new Set([...BUILT_IN.keys(), ...registered().keys()])].map((name) => `${name}:`).join(", ");
    const message = `uri: ${describe(redact(uri))} has the unknown scheme "${scheme}:"; known are a file path, ${known}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "uri", scheme } });
  }
  return await factory(uri, options);
}
