import { noSuchModel, noSuchVersion } from "../../base/store-errors.ts";
import type { VersionRef } from "../../contract/registry-store.ts";
import type { ModelVersion } from "../../schema/model-version.ts";
import type { Background } from "./background.ts";
import { EntityIndex } from "./entity-index.ts";
import type { HeadKind } from "./heads.ts";
import { modelIndex, modelKey, versionIndex, versionKey } from "./layout.ts";
import {
  isDeletedVersion,
  type ModelContent,
  type ModelHead,
  modelHeadSchema,
  modelNames,
  type VersionContent,
  type VersionHead,
  versionEntity,
  versionHeadSchema,
} from "./model-head.ts";
import { Names } from "./names.ts";
import type { S3Place } from "./s3-place.ts";
import { VersionNumbers } from "./version-numbers.ts";

/** The heads of registered models and of their versions, found by name and number, and the indexes of all of them. */
export class ModelHeads {
  readonly #place: S3Place;
  readonly #models: HeadKind<ModelHead>;
  readonly #versions: HeadKind<VersionHead>;
  readonly #modelIndex: EntityIndex<ModelHead>;
  readonly #versionIndex: EntityIndex<VersionHead>;
  readonly #names: Names<ModelHead>;
  readonly #numbers: VersionNumbers;

  constructor(place: S3Place, background: Background) {
    this.#place = place;
    const isGone = ({ isGone }: ModelHead) => isGone === true;
    const models = { schema: modelHeadSchema, keyOf: modelKey, isGone };
    this.#modelIndex = new EntityIndex(place.heads, modelIndex(), models, background);
    this.#models = { ...models, ...announcedIn(this.#modelIndex) };
    const versions = { schema: versionHeadSchema, keyOf: keyOfVersionId, isGone: () => false };
    this.#versionIndex = new EntityIndex(place.heads, versionIndex(), versions, background);
    this.#versions = { ...versions, ...announcedIn(this.#versionIndex) };
    this.#names = new Names(place.heads, modelNames(this.#models));
    this.#numbers = new VersionNumbers(place.objects);
  }

  /** @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the name is taken */
  async create(name: string, contentOf: (id: string) => ModelContent): Promise<ModelHead> {
    return (await this.#names.create(name, contentOf)).head;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async find(name: string): Promise<ModelHead> {
    const found = (await this.#place.readable()) ? await this.#names.find(name) : undefined;
    if (found === undefined) throw noSuchModel(name, this.#place.uri);
    return found.head;
  }

  /** All models. */
  async all(): Promise<readonly ModelHead[]> {
    return (await this.#place.readable()) ? await this.#modelIndex.all() : [];
  }

  /** Changes a model's head; that is an update of the model. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async change(name: string, apply: (model: ModelHead) => ModelContent): Promise<ModelHead> {
    const { id } = await this.find(name);
    return await this.changeAt(id, name, (model) => ({ ...apply(model), lastUpdateTime: Date.now() }));
  }

  /** The same where its id is known, and it is no update: the model's time stays. */
  async changeAt(id: string, name: string, apply: (model: ModelHead) => ModelContent): Promise<ModelHead> {
    const missing = () => noSuchModel(name, this.#place.uri);
    return await this.#place.heads.change(this.#models, id, this.#ifNamed(name, apply), missing);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`; `RESOURCE_ALREADY_EXISTS` where the new name is taken */
  async rename(name: string, newName: string): Promise<ModelHead> {
    const { id } = await this.find(name);
    const missing = () => noSuchModel(name, this.#place.uri);
    const apply = (model: ModelHead) => ({ ...model, name: newName, lastUpdateTime: Date.now() });
    return await this.#names.rename(id, newName, this.#ifNamed(name, apply), missing);
  }

  /** Makes a version of a model, with the next number. */
  async createNextVersion(modelId: string, contentOf: (version: number) => VersionContent): Promise<number> {
    return await this.#numbers.next(modelId, (number) => this.createVersion(contentOf(number)));
  }

  /** Answers false where there is such a version. */
  async createVersion(content: VersionContent): Promise<boolean> {
    return (await this.#place.heads.create(this.#versions, content.id, content)) !== undefined;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async findVersion({ name, version }: VersionRef): Promise<{ model: ModelHead; version: VersionHead }> {
    const model = await this.find(name);
    const head = isDeletedVersion(model, version) ? undefined : await this.readVersion(model.id, version);
    if (head === undefined) throw noSuchVersion(name, version, this.#place.uri);
    return { model, version: head };
  }

  /** Also one that its model says is deleted. */
  async readVersion(modelId: string, version: number): Promise<VersionHead | undefined> {
    return await this.#place.heads.read(this.#versions, versionId(modelId, version));
  }

  /** The number of a model's newest version that is not deleted. */
  async highestVersion({ id, deletedVersions }: ModelHead): Promise<number | undefined> {
    let number = await this.#numbers.highest(id);
    const deleted = new Set(deletedVersions);
    while (number > 0 && deleted.has(number)) number--;
    return number === 0 ? undefined : number;
  }

  /** All versions, of one model or of all. */
  async allVersions(modelId?: string): Promise<ModelVersion[]> {
    if (!(await this.#place.readable())) return [];
    // Models first: a version that is found has its model, but for one that was deleted meanwhile.
    const models = new Map((await this.#modelIndex.all()).map((model) => [model.id, model]));
    const versions = await this.#versionIndex.all();
    return versions.flatMap((version) => {
      const model = models.get(version.modelId);
      const isWanted = modelId === undefined || version.modelId === modelId;
      if (model === undefined || !isWanted || isDeletedVersion(model, version.version)) return [];
      return versionEntity(model, version);
    });
  }

  /** Changes a version's own head. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async changeVersion(ref: VersionRef, apply: (version: VersionHead) => VersionContent): Promise<ModelVersion> {
    const { model } = await this.findVersion(ref);
    const id = versionId(model.id, ref.version);
    const missing = () => noSuchVersion(ref.name, ref.version, this.#place.uri);
    const change = (version: VersionHead) => ({ ...apply(version), lastUpdateTime: Date.now() });
    return versionEntity(model, await this.#place.heads.change(this.#versions, id, change, missing));
  }

  /** Changes the head of the model for the sake of a version that must be there. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async changeModelOf(ref: VersionRef, apply: (model: ModelHead) => ModelContent): Promise<ModelHead> {
    await this.findVersion(ref);
    return await this.change(ref.name, (model) => {
      if (isDeletedVersion(model, ref.version)) throw noSuchVersion(ref.name, ref.version, this.#place.uri);
      return apply(model);
    });
  }

  /** It may have been deleted or renamed since it was found. */
  #ifNamed(name: string, apply: (model: ModelHead) => ModelContent): (model: ModelHead) => ModelContent {
    return (model) => {
      if (model.isGone === true || model.name !== name) throw noSuchModel(name, this.#place.uri);
      return apply(model);
    };
  }
}

const announcedIn = (index: Pick<EntityIndex<ModelHead>, "announce" | "noteWrite">) => ({
  announce: (id: string, _: unknown, rev: number) => index.announce(id, rev),
  onWritten: () => index.noteWrite(),
});

export const versionId = (modelId: string, version: number): string => `${modelId}-${version}`;

function keyOfVersionId(id: string): string {
  const dash = id.lastIndexOf("-");
  return versionKey(id.slice(0, dash), Number(id.slice(dash + 1)));
}
