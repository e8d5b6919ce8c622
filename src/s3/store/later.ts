import type { ArtifactStore } from "../../contract/artifact-store.ts";
import type { GarbageStore } from "../../contract/garbage-store.ts";
import type { Importer } from "../../contract/importer.ts";
import type { LoggedModelStore } from "../../contract/logged-model-store.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";

/** Names of what can be called with time to wait. */
type Waiting<T> = {
  [Name in keyof T]-?: NonNullable<T[Name]> extends (...input: never[]) => Promise<unknown> ? Name : never;
}[keyof T];

/** All of them, so that none is forgotten. */
type Calls<T> = Readonly<Record<Waiting<T>, true>>;

export const TRACKING_CALLS: Calls<TrackingStore> = {
  createExperiment: true,
  getExperiment: true,
  getExperimentByName: true,
  searchExperiments: true,
  renameExperiment: true,
  deleteExperiment: true,
  restoreExperiment: true,
  setExperimentTag: true,
  deleteExperimentTag: true,
  createRun: true,
  getRun: true,
  searchRuns: true,
  updateRun: true,
  lastWrites: true,
  reapRun: true,
  reviveRun: true,
  deleteRun: true,
  restoreRun: true,
  metricHistory: true,
  deleteTag: true,
  logModelInputs: true,
  logModelOutputs: true,
  openSink: true,
  rewind: true,
  marks: true,
};

export const LOGGED_MODEL_CALLS: Calls<LoggedModelStore> = {
  create: true,
  get: true,
  search: true,
  finalize: true,
  delete: true,
  logParams: true,
  addMetrics: true,
  setTags: true,
  deleteTag: true,
};

export const REGISTRY_CALLS: Calls<RegistryStore> = {
  createModel: true,
  getModel: true,
  searchModels: true,
  updateModel: true,
  renameModel: true,
  deleteModel: true,
  setModelTag: true,
  deleteModelTag: true,
  createVersion: true,
  getVersion: true,
  searchVersions: true,
  latestVersions: true,
  updateVersion: true,
  deleteVersion: true,
  transitionStage: true,
  setVersionTag: true,
  deleteVersionTag: true,
  downloadUri: true,
  setAlias: true,
  deleteAlias: true,
  getVersionByAlias: true,
};

export const GARBAGE_CALLS: Calls<GarbageStore> = { list: true, purge: true, finish: true };

// A bucket keeps equal rows once: nobody has to wait for anybody.
export const IMPORTER_CALLS: Calls<Omit<Importer, "exclusively" | "exclusivelyIn">> = {
  importExperiment: true,
  importRun: true,
  importLoggedModel: true,
  importModel: true,
  importVersion: true,
};

export const ARTIFACT_CALLS: Calls<ArtifactStore> = {
  list: true,
  upload: true,
  write: true,
  download: true,
  read: true,
  delete: true,
};

/** A store whose code is loaded by the first call: who imports a backend may never call it. */
export function later<T extends object>(load: () => Promise<T>, calls: Calls<T>): Pick<T, Waiting<T>> {
  const store: Partial<Record<keyof T, unknown>> = {};
  for (const name of Object.keys(calls) as Waiting<T>[]) {
    store[name] = async (...input: never[]) => {
      const loaded = await load();
      return await (loaded[name] as (...input: never[]) => Promise<unknown>).apply(loaded, input);
    };
  }
  return store as Pick<T, Waiting<T>>;
}
