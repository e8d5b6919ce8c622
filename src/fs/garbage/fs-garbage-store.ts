import { existsSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { DEFAULT_EXPERIMENT_ID } from "../../base/experiment-ids.ts";
import { localPathOf } from "../../base/file-uri.ts";
import { relativePathProblem } from "../../base/paths.ts";
import type { Garbage, GarbageAge, GarbageStore } from "../../contract/garbage-store.ts";
import { isTemporaryName } from "../../disk/temporary-name.ts";
import type { ExperimentFiles } from "../experiment-files.ts";
import { ARTIFACTS_DIRECTORY, META_FILE, MODELS_DIRECTORY } from "../layout.ts";
import { Meta } from "../meta-yaml.ts";
import { readRunInfo } from "../run-files.ts";
import { type StoreFiles, skipDamaged } from "../store-files.ts";
import { isOrphan, leftovers } from "./leftovers.ts";
import { measure } from "./measure.ts";
import { takeAway } from "./take-away.ts";

/** What a meta.yaml says of a deletion. */
interface Deletion {
  readonly since: number;
  readonly meta: Meta;
}

/** What was deleted in a directory, and what crashes have left there. */
export class FsGarbageStore implements GarbageStore {
  readonly #store: StoreFiles;
  readonly #experiments: ExperimentFiles;

  constructor(store: StoreFiles, experiments: ExperimentFiles) {
    this.#store = store;
    this.#experiments = experiments;
  }

  async list({ deletedBefore, leftBefore }: GarbageAge): Promise<readonly Garbage[]> {
    const found: Garbage[] = [];
    for (const place of this.#store.experimentDirectories()) {
      const experiment = skipDamaged(() => this.#experiments.read(place));
      if (experiment === undefined) continue;
      const { id, name, lifecycleStage, lastUpdateTime } = experiment;
      const since =
        lifecycleStage === "deleted" ? (lastUpdateTime ?? measure(join(place, META_FILE)).newest) : undefined;
      const goesWhole = since !== undefined && since < deletedBefore && id !== DEFAULT_EXPERIMENT_ID;
      for (const runId of this.#store.runIds(place)) {
        const run = skipDamaged(() => this.#runGarbage(join(place, runId), id, deletedBefore));
        if (run !== undefined) found.push(run);
      }
      for (const modelId of this.#store.modelIds(join(place, MODELS_DIRECTORY))) {
        const model = skipDamaged(() => this.#modelGarbage(join(place, MODELS_DIRECTORY, modelId), id, since));
        if (model !== undefined && model.since < deletedBefore) found.push(model);
      }
      // Its own files are counted, not those of its runs and models.
      if (goesWhole) found.push({ kind: "experiment", id, name, experimentId: id, since, place: uriOf(place) });
    }
    for (const { kind, path, ...facts } of leftovers(this.#store, leftBefore))
      found.push({ kind, id: path, place: uriOf(join(this.#store.directory, path)), ...facts });
    return found;
  }

  async purge(garbage: Garbage): Promise<boolean> {
    switch (garbage.kind) {
      case "run":
        return this.#purgeRun(garbage);
      case "logged-model":
        return this.#purgeModel(garbage);
      case "experiment":
        return this.#purgeExperiment(garbage);
      case "orphan":
      case "temporary":
        return this.#purgeLeftover(garbage);
      case "upload":
        return false;
    }
  }

  #runGarbage(place: string, experimentId: string, deletedBefore: number): Garbage | undefined {
    const deletion = this.#deletionOf(place, "deleted_time");
    if (deletion === undefined || deletion.since >= deletedBefore) return undefined;
    const { id, name, artifactUri } = readRunInfo(this.#store.containment, place);
    const artifacts = this.#artifactsOf(artifactUri, id, place);
    return {
      kind: "run",
      id,
      name,
      experimentId,
      since: deletion.since,
      place: uriOf(place),
      bytes: measure(place).bytes + (artifacts.own === undefined ? 0 : measure(artifacts.own).bytes),
      ...(artifacts.isElsewhere ? { artifactsElsewhere: artifactUri } : {}),
    };
  }

  /** @param goneSince - When the experiment was deleted: models are not marked then. */
  #modelGarbage(place: string, experimentId: string, goneSince: number | undefined): Garbage | undefined {
    const deletion = this.#deletionOf(place, "last_updated_timestamp");
    const since = deletion?.since ?? goneSince;
    const meta = deletion?.meta ?? this.#metaOf(place);
    if (since === undefined || meta?.text("model_id") !== basename(place)) return undefined;
    const [name, sourceRunId] = [meta.text("name"), meta.text("source_run_id")];
    const location = meta.text("artifact_location");
    const artifacts = location === undefined ? undefined : this.#artifactsOf(location, basename(place), place);
    return {
      kind: "logged-model",
      id: basename(place),
      ...(name === undefined ? {} : { name }),
      experimentId,
      since,
      place: uriOf(place),
      bytes: measure(place).bytes,
      ...(sourceRunId === undefined ? {} : { refersTo: [sourceRunId] }),
      ...(artifacts?.isElsewhere ? { artifactsElsewhere: location as string } : {}),
    };
  }

  #purgeRun({ id, experimentId = "", since }: Garbage): boolean {
    const experiment = this.#store.findExperiment(experimentId);
    if (experiment === undefined || !this.#store.runIds(experiment).includes(id)) return false;
    const place = join(experiment, id);
    if (skipDamaged(() => this.#deletionOf(place, "deleted_time"))?.since !== since) return false;
    return takeAway(
      experiment,
      place,
      (directory) => this.#deletionOf(directory, "deleted_time")?.since === since,
      (directory) => this.#removeArtifacts(directory, "artifact_uri", id, place),
    );
  }

  #purgeModel({ id, experimentId = "", since }: Garbage): boolean {
    const experiment = this.#store.findExperiment(experimentId);
    if (experiment === undefined || !this.#store.modelIds(join(experiment, MODELS_DIRECTORY)).includes(id))
      return false;
    const place = join(experiment, MODELS_DIRECTORY, id);
    // Either it was deleted, or its experiment.
    const isStill = (directory: string) =>
      (this.#deletionOf(directory, "last_updated_timestamp")?.since ?? this.#goneSince(experiment)) === since;
    if (skipDamaged(() => isStill(place)) !== true) return false;
    return takeAway(experiment, place, isStill, (directory) =>
      this.#removeArtifacts(directory, "artifact_location", id, place),
    );
  }

  #purgeExperiment({ id, since }: Garbage): boolean {
    const place = this.#store.findExperiment(id);
    if (place === undefined || skipDamaged(() => this.#goneSince(place)) !== since) return false;
    // What was not deleted, or is kept, is still in it.
    const isEmpty = (directory: string) =>
      this.#store.runIds(directory).length + this.#store.modelIds(join(directory, MODELS_DIRECTORY)).length === 0;
    if (!isEmpty(place)) return false;
    return takeAway(dirname(place), place, (directory) => this.#goneSince(directory) === since && isEmpty(directory));
  }

  #purgeLeftover({ id: path, kind, since }: Garbage): boolean {
    const place = join(this.#store.directory, path);
    if (relativePathProblem(path) !== undefined || !this.#isInside(dirname(place))) return false;
    const isSuch = kind === "temporary" ? isTemporaryName(basename(path)) : isOrphan(place);
    if (!isSuch || measure(place).newest > since) return false;
    // What was being deleted when the process died may have artifacts beside it.
    if (kind === "temporary") this.#removeArtifacts(place, "artifact_uri", undefined, place);
    return takeAway(dirname(place), place, () => true);
  }

  /** When the entity in a directory was deleted; `undefined` where it is not. @throws {TidemarkError} `DATA_DAMAGED` */
  #deletionOf(place: string, timeKey: string): Deletion | undefined {
    const meta = this.#metaOf(place);
    if (meta?.text("lifecycle_stage") !== "deleted") return undefined;
    // Old versions of MLflow did not write when.
    return { meta, since: meta.integer(timeKey) ?? Math.floor(measure(join(place, META_FILE)).newest) };
  }

  #goneSince(experiment: string): number | undefined {
    return this.#deletionOf(experiment, "last_update_time")?.since;
  }

  #metaOf(place: string): Meta | undefined {
    return Meta.read(this.#store.containment, join(place, META_FILE));
  }

  /** Artifacts that lie in the store, but not where the run is: below an experiment's own location. */
  #removeArtifacts(directory: string, key: string, id: string | undefined, place: string): void {
    const meta = skipDamaged(() => this.#metaOf(directory));
    const owner = id ?? meta?.text("run_id");
    const uri = meta?.text(key);
    if (uri === undefined || owner === undefined || (id === undefined && this.#isSomebody(owner))) return;
    const { own } = this.#artifactsOf(uri, owner, place);
    if (own === undefined) return;
    rmSync(own, { recursive: true, force: true });
    try {
      rmdirSync(dirname(own));
    } catch {
      // There is something else in it.
    }
  }

  /**
   * Where an artifact URI leads, which anybody may have written. Only a directory of the store that has the very id before its last segment is the
   * entity's own, and only where no other of that id is; what lies in its own place goes with that.
   */
  #artifactsOf(uri: string, id: string, place: string): { readonly own?: string; readonly isElsewhere: boolean } {
    let path: string;
    try {
      path = localPathOf(uri);
    } catch {
      return { isElsewhere: true };
    }
    if (path === place || path.startsWith(place + sep)) return { isElsewhere: false };
    const isNamed = basename(path) === ARTIFACTS_DIRECTORY && basename(dirname(path)) === id;
    const isOthers = existsSync(join(dirname(path), META_FILE));
    return isNamed && !isOthers && this.#isInside(path) ? { own: path, isElsewhere: false } : { isElsewhere: true };
  }

  /** There is a run of that id, deleted or not. */
  #isSomebody(runId: string): boolean {
    return this.#store.experimentDirectories().some((place) => existsSync(join(place, runId, META_FILE)));
  }

  #isInside(path: string): boolean {
    try {
      return this.#store.containment.holds(path);
    } catch {
      return false;
    }
  }
}

const uriOf = (path: string): string => pathToFileURL(path).href;
