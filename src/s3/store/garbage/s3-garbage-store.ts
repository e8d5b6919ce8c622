import { TidemarkError } from "../../../base/errors.ts";
import type { Garbage, GarbageAge, GarbageStore } from "../../../contract/garbage-store.ts";
import { deleteAll, deleteBelow } from "../../delete-below.ts";
import { abortUpload } from "../../unfinished-uploads.ts";
import type { ExperimentHead } from "../experiment-head.ts";
import type { Content } from "../heads.ts";
import {
  experimentDirectory,
  isId,
  loggedModelDirectory,
  loggedModelIndex,
  runDirectory,
  runIndex,
} from "../layout.ts";
import { deletionTime, isDeletedRun, type RunContent } from "../run-head.ts";
import { type GarbageParts, GarbageSearch } from "./garbage-search.ts";
import { ownDirectory } from "./own-directory.ts";

const MOST_DELETED = 1_000;
const ORPHAN = /^(runs\/run=|logged-models\/model=)([^/]+)$/;
const HEAD = /\/(?:run|model|exp)\.json$/;

type Experiment = Content<ExperimentHead>;

/**
 * What was deleted in a bucket. Heads of what was deleted for good stay, with nothing in them: a write with a condition makes them so, which decides between a
 * deletion and a restoration that come at once.
 */
export class S3GarbageStore implements GarbageStore {
  readonly #parts: GarbageParts;
  readonly #search: GarbageSearch;
  /** Experiments of which something was deleted that their indexes still have. */
  readonly #touched = new Set<string>();

  constructor(parts: GarbageParts) {
    this.#parts = parts;
    this.#search = new GarbageSearch(parts);
  }

  async list(age: GarbageAge): Promise<readonly Garbage[]> {
    return await this.#search.list(age);
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
    await this.#deleteButHead(loggedModelDirectory(id));
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
    const own = uri === undefined ? undefined : ownDirectory(this.#parts.place, uri, id);
    if (own === undefined) return;
    const { objects } = this.#parts.place;
    await deleteBelow(objects.client, objects.keyOf(`${own}/`));
  }
}
