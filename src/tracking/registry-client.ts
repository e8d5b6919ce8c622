import { z } from "zod";
import type { RegistryStore } from "../contract/registry-store.ts";
import { checkArgument } from "../schema/check.ts";
import {
  aliasSchema,
  type CreateModel,
  type CreateVersion,
  createModelSchema,
  createVersionSchema,
  type ModelVersion,
  modelNameSchema,
  modelTagSchema,
  type RegisteredModel,
  STAGES,
  stageSchema,
  versionNumberSchema,
} from "../schema/model-version.ts";
import { keyOf } from "../schema/text.ts";
import { defined } from "./defined.ts";
import { PagedList } from "./paged-list.ts";

const searchRegistrySchema = z.strictObject({
  /** MLflow's grammar: `name LIKE 'digits%' AND tags.task = 'classification'`. */
  filter: z.string().optional(),
  /** `["last_updated_timestamp DESC"]`. */
  orderBy: z.array(z.string()).optional(),
  maxResults: z.number().optional(),
  pageToken: z.string().optional(),
});
/** What `client.registry.searchModels` and `searchVersions` take. @interface */
export type SearchRegistry = z.input<typeof searchRegistrySchema>;

const name = modelNameSchema;
const description = z.string();
const versionSchema = z.strictObject({ name, version: versionNumberSchema });
/** A version of a registered model. @interface */
export type VersionName = z.input<typeof versionSchema>;

const updateModelSchema = z.strictObject({ name, description });
const renameModelSchema = z.strictObject({ name, newName: modelNameSchema });
const setModelTagSchema = z.strictObject({ name, ...modelTagSchema.shape });
const deleteModelTagSchema = z.strictObject({ name, key: keyOf("tag") });
const updateVersionSchema = versionSchema.extend({ description });
const setVersionTagSchema = versionSchema.extend(modelTagSchema.shape);
const deleteVersionTagSchema = versionSchema.extend({ key: keyOf("tag") });
const latestVersionsSchema = z.strictObject({ name, stages: z.array(stageSchema).optional() });
const transitionStageSchema = versionSchema.extend({ stage: stageSchema, archiveExisting: z.boolean().default(false) });
const setAliasSchema = versionSchema.extend({ alias: aliasSchema });
// Reading knows aliases that cannot be set: "latest", and what other programs have made.
const aliasNameSchema = z.strictObject({ name, alias: z.string().min(1, { error: "is empty" }) });
const deleteAliasSchema = z.strictObject({ name, alias: aliasSchema });

/**
 * `client.registry`: names under which models are kept, their numbered versions and aliases.
 *
 * @example
 * ```ts
 * import { connect } from "tidemark";
 *
 * const { registry } = await connect("./mlruns");
 * await registry.createModel({ name: "digits", description: "Reads handwritten digits." });
 * const { version } = await registry.createVersion({ name: "digits", source: "s3://models/digits/1" });
 * await registry.setAlias({ name: "digits", alias: "champion", version });
 * const champion = await registry.getVersionByAlias({ name: "digits", alias: "champion" });
 * console.log(champion.source);
 * ```
 */
export class RegistryClient {
  readonly #store: RegistryStore;

  /** @internal */
  constructor(store: RegistryStore) {
    this.#store = store;
  }

  /** @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async createModel(input: CreateModel): Promise<RegisteredModel> {
    return await this.#store.createModel(checkArgument("model", createModelSchema, input));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async getModel(modelName: string): Promise<RegisteredModel> {
    return await this.#store.getModel(checkArgument("name", modelNameSchema, modelName));
  }

  /** Models that match, by name unless another order is asked for. Prompts are left out unless the filter speaks of them. */
  searchModels(query: SearchRegistry = {}): PagedList<RegisteredModel> {
    const { maxResults, pageToken, ...what } = checkArgument("query", searchRegistrySchema, query);
    const paging = { maxResults, pageToken };
    return new PagedList((request) => this.#store.searchModels({ ...request, ...defined(what) }), paging);
  }

  /** Changes the description. */
  async updateModel(input: { name: string; description: string }): Promise<RegisteredModel> {
    const { name: modelName, ...changes } = checkArgument("update", updateModelSchema, input);
    return await this.#store.updateModel(modelName, changes);
  }

  /** @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the new name is taken */
  async renameModel(input: { name: string; newName: string }): Promise<RegisteredModel> {
    const { name: modelName, newName } = checkArgument("rename", renameModelSchema, input);
    return await this.#store.renameModel(modelName, newName);
  }

  /** Deletes a model with all its versions, for good. */
  async deleteModel(modelName: string): Promise<void> {
    await this.#store.deleteModel(checkArgument("name", modelNameSchema, modelName));
  }

  /** Sets one tag; the last value wins. */
  async setModelTag(input: { name: string; key: string; value: string }): Promise<void> {
    const { name: modelName, ...tag } = checkArgument("tag", setModelTagSchema, input);
    await this.#store.setModelTag(modelName, tag);
  }

  async deleteModelTag(input: { name: string; key: string }): Promise<void> {
    const { name: modelName, key } = checkArgument("tag", deleteModelTagSchema, input);
    await this.#store.deleteModelTag(modelName, key);
  }

  /**
   * Creates the next version of a model. Numbers start at 1 and are never used again.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where the model, the run or the logged model is missing
   */
  async createVersion(input: CreateVersion): Promise<ModelVersion> {
    return await this.#store.createVersion(checkArgument("version", createVersionSchema, input));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async getVersion(version: VersionName): Promise<ModelVersion> {
    return await this.#store.getVersion(checkArgument("version", versionSchema, version));
  }

  /** Versions of all models that match, latest changes first unless another order is asked for. */
  searchVersions(query: SearchRegistry = {}): PagedList<ModelVersion> {
    const { maxResults, pageToken, ...what } = checkArgument("query", searchRegistrySchema, query);
    const paging = { maxResults, pageToken };
    return new PagedList((request) => this.#store.searchVersions({ ...request, ...defined(what) }), paging);
  }

  /** The highest version of each stage, or of those that are named. */
  async latestVersions(input: { name: string; stages?: readonly string[] }): Promise<readonly ModelVersion[]> {
    const { name: modelName, stages = STAGES } = checkArgument("latestVersions", latestVersionsSchema, input);
    return await this.#store.latestVersions(modelName, stages);
  }

  /** Changes the description. */
  async updateVersion(input: VersionName & { description: string }): Promise<ModelVersion> {
    const { description: text, ...ref } = checkArgument("update", updateVersionSchema, input);
    return await this.#store.updateVersion(ref, { description: text });
  }

  /** Deletes a version and its aliases. Its number is not used again. */
  async deleteVersion(version: VersionName): Promise<void> {
    await this.#store.deleteVersion(checkArgument("version", versionSchema, version));
  }

  /**
   * Moves a version to a stage: None, Staging, Production or Archived. Aliases say the same with names of your own.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where `archiveExisting` is asked for with None or Archived
   */
  async transitionStage(input: VersionName & { stage: string; archiveExisting?: boolean }): Promise<ModelVersion> {
    const { stage, archiveExisting, ...ref } = checkArgument("transition", transitionStageSchema, input);
    return await this.#store.transitionStage(ref, stage, { archiveExisting });
  }

  /** Sets one tag; the last value wins. */
  async setVersionTag(input: VersionName & { key: string; value: string }): Promise<void> {
    const { key, value, ...ref } = checkArgument("tag", setVersionTagSchema, input);
    await this.#store.setVersionTag(ref, { key, value });
  }

  async deleteVersionTag(input: VersionName & { key: string }): Promise<void> {
    const { key, ...ref } = checkArgument("tag", deleteVersionTagSchema, input);
    await this.#store.deleteVersionTag(ref, key);
  }

  /** Points an alias to a version, away from the one it pointed to. `latest` and `v<number>` are reserved. */
  async setAlias(input: VersionName & { alias: string }): Promise<void> {
    const { alias, ...ref } = checkArgument("alias", setAliasSchema, input);
    await this.#store.setAlias(ref, alias);
  }

  async deleteAlias(input: { name: string; alias: string }): Promise<void> {
    const { name: modelName, alias } = checkArgument("alias", deleteAliasSchema, input);
    await this.#store.deleteAlias(modelName, alias);
  }

  /**
   * The version an alias points to; for `latest`, in any case, the highest.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where there is no such alias, as in MLflow
   */
  async getVersionByAlias(input: { name: string; alias: string }): Promise<ModelVersion> {
    const { name: modelName, alias } = checkArgument("alias", aliasNameSchema, input);
    return await this.#store.getVersionByAlias(modelName, alias);
  }

  /** The URI below which a version's files are. */
  async downloadUri(version: VersionName): Promise<string> {
    return await this.#store.downloadUri(checkArgument("version", versionSchema, version));
  }
}
