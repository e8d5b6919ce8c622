import { readEnv } from "../base/env.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import type { Backend } from "../contract/backend.ts";
import type { Client } from "../tracking/client.ts";
import { openBackend } from "./backends.ts";

/** Where runs go when nobody says. */
export const DEFAULT_TRACKING_URI = "./mlruns";

/**
 * Connects to the place where runs are kept.
 *
 * @param target - A directory, a `file:`, `http:`, `https:`, `s3:` or `memory:` URI, or a backend object. Default: `MLFLOW_TRACKING_URI`, else `./mlruns`.
 * @param options - What the backend of that scheme takes.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for an unknown scheme; it names the known ones
 * @example
 * ```ts
 * import { connect } from "tidemark";
 *
 * const client = await connect("./mlruns");
 * console.log(client.uri);
 * ```
 */
export async function connect(
  target?: string | Backend,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Client> {
  const backend = await findBackend(target, options);
  // What an earlier program has left for this backend is brought to it meanwhile.
  if (backend.remote !== undefined) {
    const { replayInBackground } = await import("../tracking/remote/replay-in-background.ts");
    replayInBackground(backend);
  }
  const { Client } = await import("../tracking/client.ts");
  return new Client(backend);
}

/** The backend that is meant, and nothing else. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export async function findBackend(
  target: string | Backend = readEnv("MLFLOW_TRACKING_URI") ?? DEFAULT_TRACKING_URI,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Backend> {
  if (typeof target === "object" && target !== null && "tracking" in target) return target;
  if (typeof target !== "string" || target === "") {
    const message = `uri: got ${describe(target)}; expected a directory, a URI or a backend`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "uri" } });
  }
  return await openBackend(target, options);
}
