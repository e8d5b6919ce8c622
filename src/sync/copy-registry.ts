import { TidemarkError } from "../base/errors.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { RegistryStore } from "../contract/registry-store.ts";
import { checkArgument } from "../schema/check.ts";
import { MAX_MODEL_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import {
  aliasSchema,
  type ModelVersion,
  modelNameSchema,
  modelVersionSchema,
  type RegisteredModel,
} from "../schema/model-version.ts";
import { allowedTexts, compareTexts, type Texts } from "./compare-texts.ts";
import { allOf, ifThere, unlessThere } from "./experiment-pair.ts";
import { originNumber, originTags, ownTags, SYNCED_FROM_TAG } from "./origin.ts";
import type { SyncCounts } from "./report.ts";
import { attempt, beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";
import { sourceInTarget } from "./version-sources.ts";

const TAGS = { kind: "tags", mostCharacters: MAX_MODEL_TAG_VALUE_LENGTH };

const NO_MODEL_ID = "the target does not keep which logged model a version is, beside its source";

const versionHeadSchema = modelVersionSchema.omit({ tags: true, aliases: true });

/** Which versions are copied. */
export type WantsVersion = (version: ModelVersion) => boolean;

/** Brings registered models with versions, aliases and stages to the target. Only those with a version that is wanted. */
export async function copyRegistry(context: SyncContext, wants: WantsVersion | undefined): Promise<void> {
  const [source, target] = [context.from.backend.registry, context.to.backend.registry];
  if (source === undefined) return;
  const versions = new Map<string, ModelVersion[]>();
  for await (const listed of allOf((paging) => source.searchVersions(paging))) {
    // A server's list leaves out aliases and logged models.
    const version = await readVersion(context, source, listed);
    if (version === undefined) continue;
    if (wants !== undefined && !wants(version)) continue;
    const known = versions.get(version.name);
    if (known === undefined) versions.set(version.name, [version]);
    else known.push(version);
  }
  for await (const model of allOf((paging) => source.searchModels(paging))) {
    refuseIfAborted(context.signal);
    const own = (versions.get(model.name) ?? []).sort((a, b) => a.version - b.version);
    if (wants !== undefined && own.length === 0) continue;
    const where = `registered model ${model.name}`;
    try {
      checkArgument("name", modelNameSchema, model.name);
      if (target === undefined) throw new TidemarkError("NOT_IMPLEMENTED", "the target keeps no registry");
      await new ModelCopy(context, target, model).copy(own);
    } catch (error) {
      context.ledger.failure(where, "registered model", error);
    }
  }
}

async function readVersion(
  { ledger }: SyncContext,
  source: RegistryStore,
  listed: ModelVersion,
): Promise<ModelVersion | undefined> {
  try {
    return await ifThere(() => source.getVersion(listed));
  } catch (error) {
    ledger.failure(whereIsVersion(listed), "version", error);
    return undefined;
  }
}

const whereIsVersion = ({ name, version }: Pick<ModelVersion, "name" | "version">): string =>
  `version ${version} of ${name}`;

class ModelCopy {
  readonly #context: SyncContext;
  readonly #target: RegistryStore;
  readonly #model: RegisteredModel;
  readonly #where: string;

  constructor(context: SyncContext, target: RegistryStore, model: RegisteredModel) {
    this.#context = context;
    this.#target = target;
    this.#model = model;
    this.#where = `registered model ${model.name}`;
  }

  async copy(versions: readonly ModelVersion[]): Promise<void> {
    const { name } = this.#model;
    const there = await ifThere(() => this.#target.getModel(name));
    if (there === undefined) await this.#create(versions);
    else await this.#update(there);
    // The number that each has there, by the number it has in the source.
    const numbers = await this.#numbersThere(there !== undefined || !this.#context.dryRun);
    for (const version of versions) {
      const where = whereIsVersion(version);
      try {
        checkArgument("version", versionHeadSchema, version);
        const number = numbers.get(originNumber(version));
        if (number === undefined) await this.#createVersion(where, version, numbers);
        else await this.#updateVersion(where, version, number);
      } catch (error) {
        this.#context.ledger.failure(where, "version", error);
      }
    }
    // An importer has got them with the model.
    if (there !== undefined || importerOf(this.#context) === undefined) {
      await this.#setAliases(versions, await this.#aliasesThere(there), numbers);
    }
  }

  /** As they are now: what another sync had made twice has taken its aliases with it. */
  async #aliasesThere(there: RegisteredModel | undefined): Promise<Readonly<Record<string, number>>> {
    if (there === undefined) return {};
    return (await ifThere(() => this.#target.getModel(there.name)))?.aliases ?? {};
  }

  async #create(versions: readonly ModelVersion[]): Promise<void> {
    const { name, description, tags: texts } = this.#model;
    const tags = allowedTexts(ownTags(texts), TAGS);
    tags.record(this.#context.ledger, this.#where);
    for (const alias of Object.keys(this.#model.aliases)) {
      if (!isAlias(alias)) this.#context.ledger.failure(this.#where, `alias ${alias}`, noAlias());
    }
    const numbers = new Set(versions.map(({ version }) => version));
    const importer = importerOf(this.#context);
    const aliases = Object.entries(this.#model.aliases).filter(
      ([alias, version]) => isAlias(alias) && numbers.has(version),
    );
    const wanted = Object.fromEntries(tags.wanted);
    const counts = {
      registeredModels: 1,
      tags: tags.wanted.size,
      aliases: importer === undefined ? 0 : aliases.length,
    };
    const given = description === undefined ? {} : { description };
    await this.#attempt(this.#where, "registered model", counts, async () => {
      await unlessThere(async () => {
        if (importer === undefined) await this.#target.createModel({ name, ...given, tags: wanted });
        else await importer.importModel({ ...this.#model, tags: wanted, aliases: Object.fromEntries(aliases) });
      });
    });
  }

  async #update(there: RegisteredModel): Promise<void> {
    const { name, description, tags } = this.#model;
    this.#context.ledger.addEqual({ registeredModels: 1 });
    await this.#updateTexts(this.#where, tags, there.tags, (key, value) =>
      this.#target.setModelTag(name, { key, value }),
    );
    await this.#updateDescription(this.#where, description, there.description, (text) =>
      this.#target.updateModel(name, { description: text }),
    );
  }

  /** Leftovers of an interrupted sync, which had to use up a number, are taken away. */
  async #numbersThere(isThere: boolean): Promise<Map<number, number>> {
    const numbers = new Map<number, number>();
    if (!isThere) return numbers;
    for (const version of await this.#versionsThere()) {
      const origin = originNumber(version);
      const known = numbers.get(origin);
      // Where two syncs at once have made one twice, the first one counts.
      if (version.version >= origin && known === undefined) numbers.set(origin, version.version);
      else if (!this.#context.dryRun) await this.#delete(version);
    }
    return numbers;
  }

  /** The number that another sync has given a version by now. */
  async #numberByNow(origin: number): Promise<number | undefined> {
    const made = await this.#versionsThere(` AND tags.\`${SYNCED_FROM_TAG}\` = '${origin}'`);
    return made.find(({ version }) => version >= origin)?.version;
  }

  /** Another sync may do it, too. */
  async #delete(version: ModelVersion): Promise<void> {
    await beforeWrite(this.#context);
    await ifThere(() => this.#target.deleteVersion(version));
  }

  async #versionsThere(more = ""): Promise<ModelVersion[]> {
    const versions: ModelVersion[] = [];
    const filter = `name = '${this.#model.name.replaceAll("'", "\\'")}'${more}`;
    for await (const version of allOf((paging) => this.#target.searchVersions({ ...paging, filter }))) {
      if (version.name === this.#model.name) versions.push(version);
    }
    return versions.sort((a, b) => a.version - b.version);
  }

  async #createVersion(where: string, version: ModelVersion, numbers: Map<number, number>): Promise<void> {
    const tags = allowedTexts(ownTags(version.tags), TAGS);
    tags.record(this.#context.ledger, where);
    const origin = originNumber(version);
    const texts = Object.fromEntries(tags.wanted);
    const wanted = { ...version, version: origin, tags: texts, ...(await this.#linksOf(version)) };
    await this.#attempt(where, "version", { versions: 1, tags: tags.wanted.size }, async () => {
      const importer = importerOf(this.#context);
      if (importer !== undefined) {
        const { aliases: _aliases, status: _status, ...imported } = wanted;
        await unlessThere(() => importer.importVersion(imported));
        numbers.set(origin, origin);
        return;
      }
      numbers.set(origin, await this.#createNumbered(where, wanted));
    });
  }

  /** The target counts by itself: numbers that the source has deleted are used up, so that this one gets its own. */
  async #createNumbered(where: string, version: ModelVersion): Promise<number> {
    const { name, source, description, stage } = version;
    const tags = { ...version.tags, ...originTags(String(version.version), this.#context.from.uri) };
    const links = await this.#linksThere(where, version);
    const given = description === undefined ? {} : { description };
    for (;;) {
      await beforeWrite(this.#context);
      const known = await this.#numberByNow(version.version);
      if (known !== undefined) return known;
      const created = await this.#target.createVersion({ name, source, ...links, ...given, tags });
      if (created.version < version.version) {
        await this.#delete(created);
        continue;
      }
      if (created.version > version.version) {
        this.#context.ledger.loss(where, "version", `the number is used up there: it is version ${created.version}`);
      }
      if (links.modelId !== undefined && created.modelId === undefined)
        this.#context.ledger.loss(where, "modelId", NO_MODEL_ID);
      if (stage !== "None") await this.#target.transitionStage(created, stage, { archiveExisting: false });
      return created.version;
    }
  }

  /** Links to what the target has; a server refuses others. */
  async #linksThere(where: string, { runId, modelId }: ModelVersion) {
    const { to, ledger } = this.#context;
    const run = runId === undefined ? undefined : await ifThere(() => to.backend.tracking.getRun(runId));
    const store = to.backend.loggedModels;
    const model = modelId === undefined ? undefined : await ifThere(async () => await store?.get(modelId));
    if (runId !== undefined && run === undefined) ledger.loss(where, "runId", `the target has no run ${runId}`);
    if (modelId !== undefined && model === undefined) {
      ledger.loss(where, "modelId", `the target has no logged model ${modelId}`);
    }
    return { ...(run === undefined ? {} : { runId: run.id }), ...(model === undefined ? {} : { modelId: model.id }) };
  }

  /** What a version names, by the ids of the target. */
  async #linksOf(version: ModelVersion) {
    const { runIds, modelIds } = this.#context;
    const { runId, modelId } = version;
    return {
      source: await sourceInTarget(this.#context, version),
      ...(runId === undefined ? {} : { runId: runIds.get(runId) ?? runId }),
      ...(modelId === undefined ? {} : { modelId: modelIds.get(modelId) ?? modelId }),
    };
  }

  async #updateVersion(where: string, version: ModelVersion, number: number): Promise<void> {
    const { ledger, overwrite } = this.#context;
    const { name, description, stage } = version;
    const ref = { name, version: number };
    const there = await this.#target.getVersion(ref);
    ledger.addEqual({ versions: 1 });
    const links = await this.#linksOf(version);
    if (links.source !== there.source) ledger.conflict(where, "source", links.source, there.source);
    if (links.modelId !== undefined && there.modelId === undefined) ledger.loss(where, "modelId", NO_MODEL_ID);
    for (const field of ["runId", "modelId"] as const) {
      // A store that does not keep it says nothing.
      if (links[field] !== undefined && there[field] !== undefined && links[field] !== there[field]) {
        ledger.conflict(where, field, links[field], there[field]);
      }
    }
    await this.#updateTexts(where, version.tags, there.tags, (key, value) =>
      this.#target.setVersionTag(ref, { key, value }),
    );
    await this.#updateDescription(where, description, there.description, (text) =>
      this.#target.updateVersion(ref, { description: text }),
    );
    if (stage === there.stage) return;
    const isConflict = there.stage !== "None";
    if (isConflict) ledger.conflict(where, "stage", stage, there.stage, overwrite);
    if (isConflict && !overwrite) return;
    await this.#attempt(where, "stage", { changes: 1 }, () =>
      this.#target.transitionStage(ref, stage, { archiveExisting: false }),
    );
  }

  async #setAliases(
    versions: readonly ModelVersion[],
    there: Readonly<Record<string, number>>,
    numbers: ReadonlyMap<number, number>,
  ): Promise<void> {
    const { ledger, overwrite } = this.#context;
    for (const version of versions) {
      const number = numbers.get(originNumber(version));
      for (const alias of version.aliases) {
        const current = Object.hasOwn(there, alias) ? there[alias] : undefined;
        if (!isAlias(alias)) {
          ledger.failure(this.#where, `alias ${alias}`, noAlias());
        } else if (current !== undefined && current === number) {
          ledger.addEqual({ aliases: 1 });
        } else {
          if (current !== undefined) ledger.conflict(this.#where, `alias ${alias}`, number, current, overwrite);
          if (current !== undefined && !overwrite) continue;
          // The version has failed; a dry run has none.
          if (number === undefined && !this.#context.dryRun) continue;
          const ref = { name: version.name, version: number ?? version.version };
          await this.#attempt(this.#where, `alias ${alias}`, { aliases: 1 }, () => this.#target.setAlias(ref, alias));
        }
      }
    }
  }

  async #updateTexts(
    where: string,
    source: Texts,
    target: Texts,
    set: (key: string, value: string) => Promise<unknown>,
  ): Promise<void> {
    const { ledger, overwrite } = this.#context;
    const tags = compareTexts(ownTags(source), target, { ...TAGS, isAhead: false, overwrite });
    ledger.addEqual({ tags: tags.equalCount });
    tags.record(ledger, where);
    for (const [key, value] of tags.wanted) {
      await this.#attempt(where, `tags.${key}`, { tags: 1 }, () => set(key, value));
    }
  }

  async #updateDescription(
    where: string,
    source: string | undefined,
    target: string | undefined,
    set: (text: string) => Promise<unknown>,
  ): Promise<void> {
    const { ledger, overwrite } = this.#context;
    if (source === undefined || source === (target ?? "")) return;
    const isConflict = target !== undefined && target !== "";
    if (isConflict) ledger.conflict(where, "description", source, target, overwrite);
    if (isConflict && !overwrite) return;
    await this.#attempt(where, "description", { changes: 1 }, () => set(source));
  }

  async #attempt(
    where: string,
    what: string,
    counts: Partial<SyncCounts>,
    work: () => Promise<unknown>,
  ): Promise<void> {
    await attempt(this.#context, { where, what, counts }, work);
  }
}

const noAlias = (): TidemarkError => new TidemarkError("INVALID_PARAMETER_VALUE", "is no alias");

const isAlias = (alias: string): boolean => aliasSchema.safeParse(alias).success;
