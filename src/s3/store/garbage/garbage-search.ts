import { warnOnce } from "../../../base/diagnostics.ts";
import { TidemarkError } from "../../../base/errors.ts";
import type { Garbage, GarbageAge } from "../../../contract/garbage-store.ts";
import { inParallel } from "../../parallel.ts";
import { unfinishedUploads } from "../../unfinished-uploads.ts";
import type { ExperimentHead } from "../experiment-head.ts";
import type { Experiments } from "../experiments.ts";
import type { Content } from "../heads.ts";
import { experimentDirectory, isId, loggedModelDirectory, runDirectory } from "../layout.ts";
import type { LoggedModelContent } from "../logged-model-head.ts";
import type { LoggedModels } from "../logged-models.ts";
import { deletionTime, isDeletedRun, type RunContent } from "../run-head.ts";
import type { Runs } from "../runs.ts";
import type { S3Place } from "../s3-place.ts";
import { ownDirectory, uriIn } from "./own-directory.ts";
import { censusOf, type ObjectGroup } from "./store-census.ts";

const PARALLEL_READS = 16;

/** What a store has, and what tells garbage from the rest of it. */
export interface GarbageParts {
  readonly place: S3Place;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly loggedModels: LoggedModels;
}

type Experiment = Content<ExperimentHead>;
type Census = ReadonlyMap<string, ObjectGroup>;

/** Looks for garbage in a bucket, and changes nothing. */
export class GarbageSearch {
  readonly #parts: GarbageParts;

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
      place: this.#uriOf(loggedModelDirectory(id)),
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
    if (head === undefined) return this.#orphan(loggedModelDirectory(id), group);
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
      if (!(error instanceof TidemarkError)) throw error;
      // Who may write and delete objects may not always list uploads: all else can be cleared away.
      if (error.code === "PERMISSION_DENIED") {
        warnOnce(`uploads:${base}`, `uploads that nobody has completed are not looked for: ${error.message}`);
      } else if (error.code !== "NOT_IMPLEMENTED") throw error;
    }
    return found;
  }

  #elsewhere(uri: string | undefined, id: string): Pick<Garbage, "artifactsElsewhere"> {
    if (uri === undefined || ownDirectory(this.#parts.place, uri, id) !== undefined) return {};
    const isInPlace = [runDirectory(id), loggedModelDirectory(id)].some((place) =>
      uri.startsWith(`${this.#uriOf(place)}/`),
    );
    return isInPlace ? {} : { artifactsElsewhere: uri };
  }

  #uriOf(path: string): string {
    return uriIn(this.#parts.place, path);
  }
}

/** Older versions did not write down when a run was deleted: then it was at most as long ago as its head was written. */
const deletedSince = (head: RunContent, experiment: Experiment, group: ObjectGroup | undefined): number =>
  deletionTime(head, experiment) ?? group?.headTime ?? Date.now();
