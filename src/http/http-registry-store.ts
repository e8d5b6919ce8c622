import { z } from "zod";
import { cannotArchive, noSuchModel } from "../base/store-errors.ts";
import type { RegistryStore, VersionRef } from "../contract/registry-store.ts";
import type { Page, SearchQuery } from "../contract/tracking-store.ts";
import {
  type CreateModel,
  type CreateVersion,
  isActiveStage,
  latestByStage,
  type ModelVersion,
  modelNameSchema,
  type RegisteredModel,
  type Stage,
} from "../schema/model-version.ts";
import type { Tag } from "../schema/param.ts";
import { MODEL_VOCABULARY, VERSION_VOCABULARY } from "../search/vocabulary.ts";
import { fieldAnswer, pageAnswer, registeredModelAnswer, versionAnswer } from "./answers.ts";
import { placeError } from "./place-error.ts";
import type { RestCall, RestClient } from "./rest-client.ts";
import { API, pairsOf } from "./routes.ts";
import type { RunIds } from "./run-ids.ts";

const modelOf = fieldAnswer("registered_model", registeredModelAnswer);
const versionOf = fieldAnswer("model_version", versionAnswer);
const modelPage = pageAnswer("registered_models", registeredModelAnswer);
const versionPage = pageAnswer("model_versions", versionAnswer);
const uriOf = fieldAnswer("artifact_uri", z.string());

/** Python's client leaves prompts out of every search this way, and a server does not do it by itself. */
const NO_PROMPTS = "tag.`mlflow.prompt.is_prompt` != 'true'";

/** Registered models at an MLflow server. */
export class HttpRegistryStore implements RegistryStore {
  readonly #rest: RestClient;
  readonly #runIds: RunIds;

  constructor(rest: RestClient, runIds: RunIds) {
    this.#rest = rest;
    this.#runIds = runIds;
  }

  async createModel({ name, description, tags }: CreateModel): Promise<RegisteredModel> {
    return await this.#call("POST", "registered-models/create", { name, description, tags: pairsOf(tags) }, modelOf);
  }

  async getModel(name: string): Promise<RegisteredModel> {
    return await this.#call("GET", "registered-models/get", { name }, modelOf);
  }

  async searchModels(query: SearchQuery): Promise<Page<RegisteredModel>> {
    return await placeError(query, MODEL_VOCABULARY, () =>
      this.#call("GET", "registered-models/search", searchQuery(query), modelPage),
    );
  }

  async updateModel(name: string, { description }: { readonly description: string }): Promise<RegisteredModel> {
    return await this.#call("PATCH", "registered-models/update", { name, description }, modelOf);
  }

  async renameModel(name: string, newName: string): Promise<RegisteredModel> {
    return await this.#call("POST", "registered-models/rename", { name, new_name: newName }, modelOf);
  }

  async deleteModel(name: string): Promise<void> {
    await this.#run("DELETE", "registered-models/delete", { name });
  }

  async setModelTag(name: string, tag: Tag): Promise<void> {
    await this.#run("POST", "registered-models/set-tag", { name, ...tag }, true);
  }

  async deleteModelTag(name: string, key: string): Promise<void> {
    await this.#run("DELETE", "registered-models/delete-tag", { name, key });
  }

  async createVersion({ name, source, runId, modelId, description, tags }: CreateVersion): Promise<ModelVersion> {
    // SQL stores take the ids of runs and models that are not there.
    const backendRunId = runId === undefined ? undefined : await this.#runIds.resolve(runId);
    if (backendRunId !== undefined) await this.#exists("runs/get", { run_id: backendRunId });
    if (modelId !== undefined) await this.#exists(`logged-models/${encodeURIComponent(modelId)}`);
    const body = { name, source, run_id: backendRunId, model_id: modelId, description, tags: pairsOf(tags) };
    return await this.#call("POST", "model-versions/create", body, versionOf);
  }

  async getVersion(ref: VersionRef): Promise<ModelVersion> {
    return await this.#call("GET", "model-versions/get", named(ref), versionOf);
  }

  async searchVersions(query: SearchQuery): Promise<Page<ModelVersion>> {
    return await placeError(query, VERSION_VOCABULARY, () =>
      this.#call("GET", "model-versions/search", searchQuery(query), versionPage),
    );
  }

  async latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]> {
    const answer = z.object({ model_versions: z.array(versionAnswer).default([]) });
    const call = this.#callOf("POST", "registered-models/get-latest-versions", { name, stages }, true);
    return latestByStage((await this.#rest.call(call, answer)).model_versions, stages);
  }

  async updateVersion(ref: VersionRef, { description }: { readonly description: string }): Promise<ModelVersion> {
    return await this.#call("PATCH", "model-versions/update", { ...named(ref), description }, versionOf);
  }

  async deleteVersion(ref: VersionRef): Promise<void> {
    await this.#run("DELETE", "model-versions/delete", named(ref));
  }

  async transitionStage(
    ref: VersionRef,
    stage: Stage,
    { archiveExisting }: { readonly archiveExisting: boolean },
  ): Promise<ModelVersion> {
    // A server answers it as if it had broken.
    if (archiveExisting && !isActiveStage(stage)) throw cannotArchive(stage);
    const body = { ...named(ref), stage, archive_existing_versions: archiveExisting };
    return await this.#call("POST", "model-versions/transition-stage", body, versionOf);
  }

  async setVersionTag(ref: VersionRef, tag: Tag): Promise<void> {
    await this.#run("POST", "model-versions/set-tag", { ...named(ref), ...tag }, true);
  }

  async deleteVersionTag(ref: VersionRef, key: string): Promise<void> {
    await this.#run("DELETE", "model-versions/delete-tag", { ...named(ref), key });
  }

  async downloadUri(ref: VersionRef): Promise<string> {
    return await this.#call("GET", "model-versions/get-download-uri", named(ref), uriOf);
  }

  async setAlias(ref: VersionRef, alias: string): Promise<void> {
    await this.#run("POST", "registered-models/alias", { ...named(ref), alias }, true);
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.#run("DELETE", "registered-models/alias", { name, alias });
  }

  async getVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    return await this.#call("GET", "registered-models/alias", { name, alias }, versionOf);
  }

  async #exists(route: string, fields: Fields = {}): Promise<void> {
    await this.#run("GET", route, fields);
  }

  async #call<Schema extends z.ZodType>(
    method: RestCall["method"],
    route: string,
    fields: Fields,
    answer: Schema,
  ): Promise<z.output<Schema>> {
    return await this.#rest.call(this.#callOf(method, route, fields), answer);
  }

  async #run(method: RestCall["method"], route: string, fields: Fields, isRepeatable?: boolean): Promise<void> {
    await this.#rest.run(this.#callOf(method, route, fields, isRepeatable));
  }

  /** GET takes its fields in the query, everything else, DELETE too, in a body. */
  #callOf(method: RestCall["method"], route: string, fields: Fields, isRepeatable?: boolean): RestCall {
    const { name } = fields;
    if (typeof name === "string" && !modelNameSchema.safeParse(name).success) throw noSuchModel(name, this.#rest.base);
    return {
      method,
      path: `${API}/${route}`,
      ...(method === "GET" ? { query: fields as NonNullable<RestCall["query"]> } : { body: fields }),
      ...(isRepeatable === undefined ? {} : { isRepeatable }),
    };
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Versions are texts on the wire. */
const named = ({ name, version }: VersionRef) => ({ name, version: String(version) });

function searchQuery({ filter, orderBy, maxResults, pageToken }: SearchQuery) {
  const asksForPrompts = filter?.includes("mlflow.prompt.is_prompt") === true;
  const shown = asksForPrompts ? filter : [filter, NO_PROMPTS].filter((part) => part !== undefined).join(" AND ");
  return { filter: shown, order_by: orderBy, max_results: maxResults, page_token: pageToken };
}
