import type { Experiment } from "../schema/experiment.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Batch } from "./batch.ts";

/** An experiment as another store has it. Where its artifacts are is for the importing store to say. */
export type ImportedExperiment = Omit<Experiment, "artifactLocation" | "lifecycleStage">;

/** A run as another store has it, without its values. */
export type ImportedRun = Omit<RunEntity, "artifactUri" | "lifecycleStage" | "metrics" | "latestMetrics">;

/** A logged model as another store has it, what was measured on it included. */
export type ImportedLoggedModel = Omit<LoggedModel, "artifactLocation">;

/** A version as another store has it. Its aliases come with its model. */
export type ImportedVersion = Omit<ModelVersion, "aliases" | "status">;

/**
 * What a store offers that can take over what another store has, with the ids, numbers and times it has there. Every call makes something
 * new and active, at once or not at all: `RESOURCE_ALREADY_EXISTS` where the id, name or number is taken, `INVALID_STATE` where its
 * experiment is deleted.
 */
export interface Importer {
  /** Answers the id it has here, which is another one only where the store cannot give it this one any more. */
  importExperiment(experiment: ImportedExperiment): Promise<string>;
  /**
   * Answers the URI below which its artifacts are. Of the values, each batch is only good until the next one is asked for; nobody sees the run
   * ended before all of them are there.
   */
  importRun(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string>;
  /** Answers the URI below which its files are. */
  importLoggedModel(model: ImportedLoggedModel): Promise<string>;
  /** Its aliases may name versions that are still to come. */
  importModel(model: RegisteredModel): Promise<void>;
  /** Numbers below it that are not taken stay free; later versions are numbered from the highest one. */
  importVersion(version: ImportedVersion): Promise<void>;
  /**
   * Calls `work` while nobody else, in any process, is in such a call for this run, which need not be there yet. Absent where values that
   * two write at once are kept once.
   */
  exclusively?<T>(run: Pick<ImportedRun, "id" | "experimentId">, work: () => Promise<T>): Promise<T>;
  /**
   * The same for a whole experiment, which need not be there yet: it is deleted at the end of the work. Absent where files stay in their place when
   * their experiment is deleted.
   */
  exclusivelyIn?<T>(experimentId: string, work: () => Promise<T>): Promise<T>;
}
