import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { localPathOf, schemeOf } from "../base/file-uri.ts";
import { processSlot } from "../base/process-state.ts";
import type { Backend } from "../contract/backend.ts";

/** Makes the backend for a URI of one scheme. May load what it needs only now. */
export type BackendFactory = (uri: string, options: Readonly<Record<string, unknown>>) => Backend | Promise<Backend>;

const BUILT_IN: ReadonlyMap<string, BackendFactory> = new Map<string, BackendFactory>([
  ["file", openDirectory],
  ["http", openServer],
  ["https", openServer],
  ["s3", async (uri, options) => (await import("../s3/s3-backend.ts")).s3Backend({ ...options, uri })],
  ["memory", async () => (await import("../memory/memory-backend.ts")).memoryBackend()],
]);

async function openDirectory(uri: string): Promise<Backend> {
  const [{ fsBackend }, { s3ArtifactsOpener }] = await Promise.all([
    import("../fs/fs-backend.ts"),
    import("./s3-artifacts.ts"),
  ]);
  return fsBackend({ directory: localPathOf(uri), openArtifacts: s3ArtifactsOpener() });
}

async function openServer(url: string, options: Readonly<Record<string, unknown>>): Promise<Backend> {
  const [{ httpBackend }, { artifactsBeside }] = await Promise.all([
    import("../http/http-backend.ts"),
    import("./artifacts-beside.ts"),
  ]);
  return httpBackend({ ...options, url, openArtifacts: artifactsBeside() });
}

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
