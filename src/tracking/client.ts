import type { Backend } from "../contract/backend.ts";
import { ArtifactsClient } from "./artifacts-client.ts";
import { ExperimentsClient } from "./experiments-client.ts";
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

  /** @internal Made by `connect`. */
  constructor(backend: Backend) {
    this.backend = backend;
    this.experiments = new ExperimentsClient(backend.tracking);
    this.runs = new RunsClient(backend.tracking);
    this.artifacts = new ArtifactsClient(backend);
  }

  /** The backend's URI, without credentials. */
  get uri(): string {
    return this.backend.uri;
  }

  /** Lets go of connections and files. Runs still open go on. */
  async close(): Promise<void> {
    await this.backend.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
