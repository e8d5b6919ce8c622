import { z } from "zod";
import { type Logger, setLogger } from "../base/diagnostics.ts";
import { readEnv } from "../base/env.ts";
import { processSlot } from "../base/process-state.ts";
import { connect, DEFAULT_TRACKING_URI } from "../connect/connect.ts";
import { checkArgument } from "../schema/check.ts";
import { experimentNameSchema } from "../schema/experiment.ts";
import type { ExperimentRef } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";

const configurationSchema = z.strictObject({
  /** Where runs go. Default: `MLFLOW_TRACKING_URI`, else `./mlruns`. */
  trackingUri: z.string().min(1).optional(),
  /** Where registered models are. Default: `MLFLOW_REGISTRY_URI`, else the tracking URI. */
  registryUri: z.string().min(1).optional(),
  /** The experiment new runs belong to. Default: `MLFLOW_EXPERIMENT_NAME` or `MLFLOW_EXPERIMENT_ID`, else "Default". */
  experiment: experimentNameSchema.optional(),
  /** Where Tidemark's own messages go. Default: stderr, from level `TIDEMARK_LOG` on. */
  logger: z
    .custom<Logger>(
      (value) =>
        typeof value === "object" && value !== null && ["debug", "info", "warn"].every((level) => level in value),
      { error: "has no debug, info and warn functions" },
    )
    .optional(),
});
/** What {@link configure} takes. @interface */
export type Configuration = z.input<typeof configurationSchema>;

export interface DefaultClient {
  readonly uri: string;
  readonly promise: Promise<Client>;
  /** As soon as it is there. */
  ready?: Client;
}

interface FluentState {
  configuration: Configuration;
  client: DefaultClient | undefined;
}

/** What the functions of this folder share. */
export const fluentState = () => processSlot<FluentState>("fluent", () => ({ configuration: {}, client: undefined }));

/**
 * Sets the process's defaults. What a call does not mention stays as it was; runs already open are not touched.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { configure } from "tidemark";
 *
 * configure({ trackingUri: "./mlruns", experiment: "digits" });
 * ```
 */
export function configure(configuration: Configuration): void {
  const checked = checkArgument("configuration", configurationSchema, configuration);
  const state = fluentState();
  if (checked.logger !== undefined) setLogger(checked.logger);
  const given = Object.entries(checked).filter(([, value]) => value !== undefined);
  state.configuration = { ...state.configuration, ...Object.fromEntries(given) };
}

/** The client of the configured tracking URI; one per process as long as the URI stays. */
export function defaultClient(): Promise<Client> {
  return keptClient(fluentState(), defaultUri());
}

/** The client of a URI, which is connected to once, as long as it is asked for the same one. */
export async function keptClient(state: { client: DefaultClient | undefined }, uri: string): Promise<Client> {
  if (state.client?.uri !== uri) state.client = { uri, promise: connect(uri) };
  const { client } = state;
  try {
    client.ready = await client.promise;
    return client.ready;
  } catch (error) {
    // The next call may find what was missing.
    if (state.client === client) state.client = undefined;
    throw error;
  }
}

/** The URI that a registry was configured with. */
export const configuredRegistryUri = (): string | undefined => fluentState().configuration.registryUri;

export const defaultUri = (): string =>
  fluentState().configuration.trackingUri ?? readEnv("MLFLOW_TRACKING_URI") ?? DEFAULT_TRACKING_URI;

/** The experiment of runs whose options name none, by MLflow's order of precedence. */
export function defaultExperiment(): ExperimentRef {
  const configured = fluentState().configuration.experiment;
  if (configured !== undefined) return { name: configured };
  const name = readEnv("MLFLOW_EXPERIMENT_NAME");
  const id = readEnv("MLFLOW_EXPERIMENT_ID");
  return { ...(name === undefined ? {} : { name }), ...(id === undefined ? {} : { id }) };
}
