import { TidemarkError } from "../base/errors.ts";
import type { Backend } from "../contract/backend.ts";
import { ArtifactsClient } from "./artifacts-client.ts";
import { ExperimentsClient } from "./experiments-client.ts";
import { LoggedModelsClient } from "./logged-models-client.ts";
import { RegistryClient } from "./registry-client.ts";
import { RunsClient } from "./runs-client.ts";

/**
 * Everything a backend keeps, for programs that read, or that write without an open run. Made by `connect`.
 *
 * @example
 * ```ts
 * import { connect, startRun } from "tidemark";
 *
 * const client = await connect("./mlruns");
 * const run = await startRun({ client });
 * run.logMetric("loss", 0.5);
 * await run.end();
 * const { steps, values } = await client.runs.metricHistory(run.id, "loss");
 * console.log(steps, values);
 * await client.close();
 * ```
 */
export class Client {
  readonly experiments: ExperimentsClient;
  readonly runs: RunsClient;
  readonly artifacts: ArtifactsClient;
  /** What the client is connected to. */
  readonly backend: Backend;
  #registry: RegistryClient | undefined;
  #loggedModels: LoggedModelsClient | undefined;

  /** @internal Made by `connect`. */
  constructor(backend: Backend) {
    this.backend = backend;
    this.experiments = new ExperimentsClient(backend.tracking);
    this.runs = new RunsClient(backend);
    this.artifacts = new ArtifactsClient(backend);
  }

  /** @throws {TidemarkError} `NOT_IMPLEMENTED` where the backend keeps no registry */
  get registry(): RegistryClient {
    this.#registry ??= new RegistryClient(provided(this.backend, "registry"));
    return this.#registry;
  }

  /** @throws {TidemarkError} `NOT_IMPLEMENTED` where the backend keeps no logged models */
  get loggedModels(): LoggedModelsClient {
    this.#loggedModels ??= new LoggedModelsClient(provided(this.backend, "loggedModels"));
    return this.#loggedModels;
  }

  /** The backend's URI, without credentials. */
  get uri(): string {
    return this.backend.uri;
  }

  /** Lets go of connections and files. Runs still open go on. */
  async close(): Promise<void> {
    if (this.backend.remote !== undefined) {
      const { stopReplay } = await import("./remote/replay-in-background.ts");
      await stopReplay(this.backend);
    }
    await this.backend.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function provided<Part extends "registry" | "loggedModels">(backend: Backend, part: Part): NonNullable<Backend[Part]> {
  const store = backend[part];
  if (store === undefined) throw new TidemarkError("NOT_IMPLEMENTED", `${backend.uri} has no ${part}`);
  return store;
}
