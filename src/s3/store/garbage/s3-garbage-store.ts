import { TidemarkError } from "../../../base/errors.ts";
import type { Garbage, GarbageAge, GarbageStore } from "../../../contract/garbage-store.ts";
import { deleteAll, deleteBelow } from "../../delete-below.ts";
import { inParallel } from "../../parallel.ts";
import { abortUpload, unfinishedUploads } from "../../unfinished-uploads.ts";
import type { ExperimentHead } from "../experiment-head.ts";
import type { Experiments } from "../experiments.ts";
import type { Content } from "../heads.ts";
import { experimentDirectory, isId, loggedModelIndex, runDirectory, runIndex } from "../layout.ts";
import type { LoggedModelContent } from "../logged-model-head.ts";
import type { LoggedModels } from "../logged-models.ts";
import { deletionTime, isDeletedRun, type RunContent } from "../run-head.ts";
import type { Runs } from "../runs.ts";
import type { S3Place } from "../s3-place.ts";
import { censusOf, type ObjectGroup } from "./store-census.ts";

const PARALLEL_READS = 16;
const MOST_DELETED = 1_000;
const MODELS = "logged-models/model=";
const ORPHAN = /^(runs\/run=|logged-models\/model=)([^/]+)$/;
/** Where a store keeps what it has, and what is no path. */
const RESERVED = /^(?:runs|logged-models|models|model-names|exp-names|idx)\/|(?:^|\/)\.{0,2}(?:\/|$)/;
const HEAD = /\/(?:run|model|exp)\.json$/;

/** What is garbage depends on. */
export interface GarbageParts {
  readonly place: S3Place;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly loggedModels: LoggedModels;
}

type Experiment = Content<ExperimentHead>;
type Census = ReadonlyMap<string, ObjectGroup>;

/**
 * What was deleted in a bucket. Heads of what was deleted for good stay, with nothing in them: a write with a condition makes them so, which decides between a
 * deletion and a restoration that come at once.
 */
export class S3GarbageStore implements GarbageStore {
  readonly #parts: GarbageParts;
  /** Experiments of which something was deleted that their indexes still have. */
  readonly #touched = new Set<string>();

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  async list({ deletedBefore, leftBefore }: GarbageAge): Promise<readonly Garbage[]> {
    const { place, experiments } = this.#parts;
    if (!(await place.readable())) return [];
    const [runs, models] = [await censusOf(place.objects, "runs/"), await censusOf(place.objects, "logged-models/")];
    const found: Garbage[] = [];
    const known = new Set<string>();
    for (const experiment of await experiments.heads()) {
      const { id, name, lifecycleStage, lastUpdateTime: since } = experiment;
      found.push(
        ...(await this.#runsIn(experiment, runs, known)),
        ...(await this.#modelsIn(experiment, models, known)),
      );
      if (lifecycleStage === "deleted")
        found.push({
          kind: "experiment",
          id,
          name,
          experimentId: id,
          since,
          place: this.#uriOf(experimentDirectory(id)),
        });
    }
    const old = found.filter(({ since }) => since < deletedBefore);
    const strays = [
      ...(await this.#strays(runs, known, (id, group) => this.#strayRun(id, group))),
      ...(await this.#strays(models, known, (id, group) => this.#strayModel(id, group))),
    ];
    const left = strays.filter(({ kind, since }) => since < (kind === "orphan" ? leftBefore : deletedBefore));
    return [...old, ...left, ...(await this.#uploads(leftBefore))];
  }

  async purge(garbage: Garbage): Promise<boolean> {
    if (!(await this.#parts.place.readable())) return false;
    try {
      switch (garbage.kind) {
        case "run":
          return await this.#purgeRun(garbage);
        case "logged-model":
          return await this.#purgeModel(garbage);
        case "experiment":
          return await this.#purgeExperiment(garbage);
        case "orphan":
          return await this.#purgeOrphan(garbage);
        case "upload":
          return await this.#purgeUpload(garbage);
        case "temporary":
          return false;
      }
    } catch (error) {
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return false;
      throw error;
    }
  }

  /** Chunks that are replaced are deleted by whoever compacts the index a quarter of an hour later. */
  async finish(): Promise<void> {
    const { runs, loggedModels } = this.#parts;
    for (const id of this.#touched) await Promise.all([runs.heads.compact(id), loggedModels.compactIndex(id)]);
    this.#touched.clear();
  }

  async #runsIn(experiment: Experiment, census: Census, known: Set<string>): Promise<Garbage[]> {
    const heads = await this.#parts.runs.heads.inExperiment(experiment.id);
    for (const { id } of heads) known.add(id);
    return heads.flatMap((head): Garbage[] => {
      if (!isDeletedRun(head, experiment)) return [];
      const { id, name, experimentId, artifactUri } = head;
      const group = census.get(id);
      return [
        {
          kind: "run",
          id,
          name,
          experimentId,
          since: deletedSince(head, experiment, group),
          place: this.#uriOf(runDirectory(id)),
          ...(group === undefined ? {} : { bytes: group.bytes }),
          ...this.#elsewhere(artifactUri, id),
        },
      ];
    });
  }

  /** Models of an experiment that is deleted go with it. */
  async #modelsIn(experiment: Experiment, census: Census, known: Set<string>): Promise<Garbage[]> {
    const heads = await this.#parts.loggedModels.headsIn(experiment.id);
    for (const { id } of heads) known.add(id);
    if (experiment.lifecycleStage === "active") return [];
    return heads.map((head) => this.#model(head, experiment.lastUpdateTime, census.get(head.id)));
  }

  #model(
    { id, name, experimentId, sourceRunId, artifactLocation }: LoggedModelContent,
    since: number,
    group?: ObjectGroup,
  ): Garbage {
    return {
      kind: "logged-model",
      id,
      name,
      experimentId,
      since,
      place: this.#uriOf(MODELS + id),
      ...(group === undefined ? {} : { bytes: group.bytes }),
      ...(sourceRunId === undefined ? {} : { refersTo: [sourceRunId] }),
      ...this.#elsewhere(artifactLocation, id),
    };
  }

  /** What no index knows. */
  async #strays(
    census: Census,
    known: ReadonlySet<string>,
    look: (id: string, group: ObjectGroup) => Promise<Garbage | undefined>,
  ): Promise<Garbage[]> {
    const tasks = [...census]
      .filter(([id, { others }]) => isId(id) && others > 0 && !known.has(id))
      .map(
        ([id, group]) =>
          () =>
            look(id, group),
      );
    return (await inParallel(tasks, PARALLEL_READS, undefined)).filter((item) => item !== undefined);
  }

  async #strayRun(id: string, group: ObjectGroup): Promise<Garbage | undefined> {
    const head = group.headTime === undefined ? undefined : await this.#parts.runs.heads.find(id);
    return head === undefined || head.isGone === true ? this.#orphan(runDirectory(id), group) : undefined;
  }

  async #strayModel(id: string, group: ObjectGroup): Promise<Garbage | undefined> {
    const head = group.headTime === undefined ? undefined : await this.#parts.loggedModels.findAny(id);
    if (head === undefined) return this.#orphan(MODELS + id, group);
    return head.isGone === true ? this.#model(head, head.lastUpdateTime, group) : undefined;
  }

  #orphan(directory: string, { newest, bytes }: ObjectGroup): Garbage {
    return { kind: "orphan", id: directory, since: newest, place: this.#uriOf(directory), bytes };
  }

  async #uploads(before: number): Promise<Garbage[]> {
    const { objects } = this.#parts.place;
    const base = objects.keyOf("");
    const found: Garbage[] = [];
    try {
      for await (const { key, uploadId, initiated } of unfinishedUploads(objects.client.exchange, base)) {
        const [since, id] = [initiated.getTime(), key.slice(base.length)];
        if (since < before) found.push({ kind: "upload", id, since, place: this.#uriOf(id), token: uploadId });
      }
    } catch (error) {
      // A storage that does not list them.
      if (!(error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED")) throw error;
    }
    return found;
  }

  async #purgeRun({ id, since, experimentId = "" }: Garbage): Promise<boolean> {
    const { experiments, runs } = this.#parts;
    const isStill = (head: RunContent, experiment: Experiment) =>
      isDeletedRun(head, experiment) && (deletionTime(head, experiment) ?? since) === since;
    const experiment = await experiments.head(experimentId);
    const buried = await runs.heads.bury(id, (head) => head.experimentId === experimentId && isStill(head, experiment));
    if (buried === undefined) return false;
    // Its experiment may have been restored in this moment, and the run with it.
    if (!isStill(buried, await experiments.head(experimentId))) {
      await runs.heads.unbury(buried);
      return false;
    }
    this.#touched.add(experimentId);
    await this.#deleteOwnArtifacts(buried.artifactUri, id);
    await this.#deleteButHead(runDirectory(id));
    return true;
  }

  async #purgeModel({ id, since, experimentId = "" }: Garbage): Promise<boolean> {
    const { experiments, loggedModels } = this.#parts;
    const head = isId(id) ? await loggedModels.findAny(id) : undefined;
    if (head === undefined || head.experimentId !== experimentId) return false;
    if (head.isGone === true) {
      if (head.lastUpdateTime !== since) return false;
    } else {
      const { lifecycleStage, lastUpdateTime } = await experiments.head(experimentId);
      if (lifecycleStage === "active" || lastUpdateTime !== since) return false;
      await loggedModels.delete(id);
    }
    this.#touched.add(experimentId);
    await this.#deleteOwnArtifacts(head.artifactLocation, id);
    await this.#deleteButHead(MODELS + id);
    return true;
  }

  async #purgeExperiment({ id, since }: Garbage): Promise<boolean> {
    const { experiments, runs, loggedModels, place } = this.#parts;
    const isEmpty = async () =>
      (await runs.heads.inExperiment(id)).length + (await loggedModels.headsIn(id)).length === 0;
    const isMeant = (head: Experiment) => head.lifecycleStage === "deleted" && head.lastUpdateTime === since;
    if (!isId(id) || !(await isEmpty()) || !(await experiments.bury(id, isMeant))) return false;
    this.#touched.delete(id);
    await this.#deleteButHead(experimentDirectory(id));
    for (const index of [runIndex(id), loggedModelIndex(id)])
      await deleteBelow(place.objects.client, place.objects.keyOf(`${index}/`));
    return true;
  }

  async #purgeOrphan({ id: directory, since }: Garbage): Promise<boolean> {
    const [, shelf, id = ""] = ORPHAN.exec(directory) ?? [];
    if (shelf === undefined || !isId(id)) return false;
    const isRun = shelf.startsWith("runs/");
    const head = isRun ? await this.#parts.runs.heads.find(id) : await this.#parts.loggedModels.findAny(id);
    if (head !== undefined && head.isGone !== true) return false;
    return await this.#deleteButHead(directory, since);
  }

  async #purgeUpload({ id, token = "" }: Garbage): Promise<boolean> {
    const { objects } = this.#parts.place;
    if (id === "" || token === "") return false;
    await abortUpload(objects.client.exchange, objects.keyOf(id), token);
    return true;
  }

  /** @param newest - Deletes nothing where something is newer. */
  async #deleteButHead(directory: string, newest = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { objects } = this.#parts.place;
    let keys: string[] = [];
    if (newest < Number.POSITIVE_INFINITY)
      for await (const { lastModified } of objects.each(`${directory}/`))
        if (!(lastModified.getTime() <= newest)) return false;
    for await (const { key } of objects.each(`${directory}/`)) {
      if (HEAD.test(key) && key.split("/").length === directory.split("/").length + 1) continue;
      keys.push(objects.keyOf(key));
      if (keys.length < MOST_DELETED) continue;
      await deleteAll(objects.client, keys);
      keys = [];
    }
    if (keys.length > 0) await deleteAll(objects.client, keys);
    return true;
  }

  async #deleteOwnArtifacts(uri: string | undefined, id: string): Promise<void> {
    const own = uri === undefined ? undefined : this.#ownDirectory(uri, id);
    if (own === undefined) return;
    const { objects } = this.#parts.place;
    await deleteBelow(objects.client, objects.keyOf(`${own}/`));
  }

  #elsewhere(uri: string | undefined, id: string): Pick<Garbage, "artifactsElsewhere"> {
    if (uri === undefined || this.#ownDirectory(uri, id) !== undefined) return {};
    const isInPlace = [runDirectory(id), MODELS + id].some((place) => uri.startsWith(`${this.#uriOf(place)}/`));
    return isInPlace ? {} : { artifactsElsewhere: uri };
  }

  /**
   * Where artifacts are that lie below the store, but not with the entity: a location that anybody may have written. Only a directory that has the
   * very id before its last segment is the entity's own, and none of what others keep.
   */
  #ownDirectory(uri: string, id: string): string | undefined {
    const base = this.#uriOf("");
    const path = uri.startsWith(base) ? uri.slice(base.length) : "";
    return path.endsWith(`/${id}/artifacts`) && !RESERVED.test(path) ? path : undefined;
  }

  #uriOf(path: string): string {
    return `${this.#parts.place.uri}/${path}`;
  }
}

/** Older versions did not write down when a run was deleted: then it was at most as long ago as its head was written. */
const deletedSince = (head: RunContent, experiment: Experiment, group: ObjectGroup | undefined): number =>
  deletionTime(head, experiment) ?? group?.headTime ?? Date.now();
