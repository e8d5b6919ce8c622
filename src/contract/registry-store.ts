import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { Page, PageRequest } from "./tracking-store.ts";

/** Which registered models or versions, in MLflow's filter grammar. */
export interface RegistryQuery extends PageRequest {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** A version of a registered model. */
export interface VersionRef {
  readonly name: string;
  readonly version: number;
}

/** Names under which models are kept, their versions and aliases. Version numbers are atomic: 40 callers get 1 to 40. */
export interface RegistryStore {
  createModel(input: { name: string; description?: string; tags?: Record<string, string> }): Promise<RegisteredModel>;
  getModel(name: string): Promise<RegisteredModel>;
  searchModels(query: RegistryQuery): Promise<Page<RegisteredModel>>;
  updateModel(input: { name: string; description: string }): Promise<RegisteredModel>;
  renameModel(input: { name: string; newName: string }): Promise<RegisteredModel>;
  deleteModel(name: string): Promise<void>;
  setModelTag(input: { name: string; key: string; value: string }): Promise<void>;
  deleteModelTag(input: { name: string; key: string }): Promise<void>;

  createVersion(input: {
    name: string;
    source: string;
    runId?: string;
    modelId?: string;
    description?: string;
    tags?: Record<string, string>;
  }): Promise<ModelVersion>;
  getVersion(ref: VersionRef): Promise<ModelVersion>;
  searchVersions(query: RegistryQuery): Promise<Page<ModelVersion>>;
  latestVersions(input: { name: string; stages?: readonly string[] }): Promise<readonly ModelVersion[]>;
  updateVersion(input: VersionRef & { description: string }): Promise<ModelVersion>;
  deleteVersion(ref: VersionRef): Promise<void>;
  transitionStage(input: VersionRef & { stage: string; archiveExisting?: boolean }): Promise<ModelVersion>;
  setVersionTag(input: VersionRef & { key: string; value: string }): Promise<void>;
  deleteVersionTag(input: VersionRef & { key: string }): Promise<void>;
  downloadUri(ref: VersionRef): Promise<string>;

  setAlias(input: VersionRef & { alias: string }): Promise<void>;
  deleteAlias(input: { name: string; alias: string }): Promise<void>;
  getVersionByAlias(input: { name: string; alias: string }): Promise<ModelVersion>;
}
