import type { CreateModel, CreateVersion, ModelVersion, RegisteredModel, Stage } from "../schema/model-version.ts";
import type { Tag } from "../schema/param.ts";
import type { Page, SearchQuery } from "./tracking-store.ts";

/** A version of a registered model. */
export interface VersionRef {
  readonly name: string;
  readonly version: number;
}

/**
 * Names under which models are kept, their versions and aliases. Arguments are checked before they come here. A missing model,
 * version, run or logged model is `RESOURCE_DOES_NOT_EXIST`, an existing name `RESOURCE_ALREADY_EXISTS`, a missing alias
 * `INVALID_PARAMETER_VALUE`, as in MLflow. Deleting a tag or an alias that is not there does nothing.
 */
export interface RegistryStore {
  createModel(input: CreateModel): Promise<RegisteredModel>;
  getModel(name: string): Promise<RegisteredModel>;
  /** Without prompts, which MLflow keeps as models with a tag, unless the filter asks for them. */
  searchModels(query: SearchQuery): Promise<Page<RegisteredModel>>;
  updateModel(name: string, changes: { readonly description: string }): Promise<RegisteredModel>;
  /** Versions, tags and aliases go with it. */
  renameModel(name: string, newName: string): Promise<RegisteredModel>;
  deleteModel(name: string): Promise<void>;
  setModelTag(name: string, tag: Tag): Promise<void>;
  deleteModelTag(name: string, key: string): Promise<void>;

  /**
   * Numbers are atomic: 40 callers get 1 to 40. The number of a deleted version is never used again. The source
   * `models:/<name>/<version>` is another version, whose files are where they are even when it is deleted.
   */
  createVersion(input: CreateVersion): Promise<ModelVersion>;
  getVersion(ref: VersionRef): Promise<ModelVersion>;
  searchVersions(query: SearchQuery): Promise<Page<ModelVersion>>;
  /** The highest version of each stage. */
  latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]>;
  updateVersion(ref: VersionRef, changes: { readonly description: string }): Promise<ModelVersion>;
  /** Its aliases go with it. */
  deleteVersion(ref: VersionRef): Promise<void>;
  transitionStage(ref: VersionRef, stage: Stage, options: { readonly archiveExisting: boolean }): Promise<ModelVersion>;
  setVersionTag(ref: VersionRef, tag: Tag): Promise<void>;
  deleteVersionTag(ref: VersionRef, key: string): Promise<void>;
  /** Where the files are: the source, or what it stands for where that is known. */
  downloadUri(ref: VersionRef): Promise<string>;

  setAlias(ref: VersionRef, alias: string): Promise<void>;
  deleteAlias(name: string, alias: string): Promise<void>;
  /** `latest`, in any case, is the highest version. */
  getVersionByAlias(name: string, alias: string): Promise<ModelVersion>;
}
