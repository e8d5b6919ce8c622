import { log } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import type { LoggedModelStore } from "../../contract/logged-model-store.ts";
import type { LoggedModel } from "../../schema/model.ts";
import type { RunEntity } from "../../schema/run.ts";
import { type TransferWatch, uploadDirectory } from "../../tracking/artifact-transfers.ts";
import type { Run } from "../../tracking/run.ts";
import type { ModelIdentity, WrittenModel } from "../save/write-model.ts";

/** What is to be known of a logged model. */
export interface LoggedPlace {
  readonly run: Run;
  readonly name: string;
  readonly modelType?: string | undefined;
  readonly step?: number | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** What of a run says where a model comes from, too. */
const SOURCE_TAGS = /^mlflow\.(?:user|source\.(?:name|type|git\.\w+))$/;

/** A model is worth more than what is known of it: that is not waited for any longer. */
const FLUSH_TIMEOUT_MS = 30_000;

/** A logged model that was begun, and the store it is in. */
interface Begun {
  readonly store: LoggedModelStore;
  readonly model: LoggedModel;
  /** As it was then. */
  readonly run: RunEntity;
}

/**
 * Writes a model, makes a logged model of it, and uploads it; to the artifacts of its run where the backend is away, or keeps no logged
 * models. The logged model is READY when all is there, and FAILED where it did not come so far.
 *
 * @param write - Writes the model's files. It calls the function it is given when all but the MLmodel is written.
 */
export async function uploadModel(
  place: LoggedPlace,
  directory: string,
  transfer: TransferWatch,
  write: (identify: () => Promise<ModelIdentity>) => Promise<WrittenModel>,
): Promise<{ written: WrittenModel; modelId?: string }> {
  const { run, name, step } = place;
  let begun: Begun | undefined;
  try {
    const written = await write(async () => {
      begun = await begin(place);
      const runId = run.backendId === undefined ? {} : { runId: run.backendId };
      return begun === undefined
        ? runId
        : { ...runId, modelId: begun.model.id, artifactPath: begun.model.artifactLocation };
    });
    if (begun === undefined) {
      await run.logArtifacts(directory, { path: name, ...transfer });
      return { written };
    }
    const { store, model } = begun;
    await uploadDirectory(run.home.backend.artifacts(model.artifactLocation), directory, undefined, transfer);
    await linkMetrics(begun, step);
    await store.finalize(model.id, "READY");
    return { written, modelId: model.id };
  } catch (error) {
    if (begun !== undefined) await giveUp(begun);
    throw error;
  }
}

/** `undefined` where the backend is away, or has no such thing. */
async function begin({ run, name, modelType, step, params, tags }: LoggedPlace): Promise<Begun | undefined> {
  const { loggedModels: store, tracking } = run.home.backend;
  if (store === undefined) return undefined;
  // A short training is over before its server has answered for the first time.
  const runId = await run.reach();
  if (runId === undefined) return undefined;
  try {
    await settle(run);
    const entity = await tracking.getRun(runId);
    const model = await store.create({
      experimentId: entity.experimentId,
      name,
      sourceRunId: entity.id,
      params: params ?? entity.params,
      tags: { ...sourceTags(entity), ...tags },
      ...(modelType === undefined ? {} : { modelType }),
    });
    const output = { modelId: model.id, step: step ?? lastStep(entity) };
    await tracking.logModelOutputs(entity.id, [output]).catch(async (error) => {
      await giveUp({ store, model });
      throw error;
    });
    return { store, model, run: entity };
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "TEMPORARILY_UNAVAILABLE") return undefined;
    throw error;
  }
}

/** What went wrong is what is to be seen, whether or not it can be said at the backend. */
async function giveUp({ store, model }: Pick<Begun, "store" | "model">): Promise<void> {
  await store.finalize(model.id, "FAILED").catch(() => {});
}

/** What the run has logged shows in its model. */
async function settle(run: Run): Promise<void> {
  if (run.status !== "RUNNING") return;
  try {
    await run.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
  } catch (error) {
    log("warn", `a model of run ${run.id} may lack params and metrics of it: ${messageOf(error)}`);
  }
}

const sourceTags = ({ tags }: RunEntity) =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => SOURCE_TAGS.test(key)));

const lastStep = ({ latestMetrics }: RunEntity) => latestMetrics.reduce((last, { step }) => Math.max(last, step), 0);

/** The latest values of the run are those of the model; those of one step where it is named. */
async function linkMetrics({ store, model, run }: Begun, step: number | undefined): Promise<void> {
  const measured = run.latestMetrics.filter(({ key }) => !key.startsWith("system/"));
  const metrics = measured.filter((metric) => step === undefined || metric.step === step);
  if (metrics.length === 0) return;
  try {
    await store.addMetrics(model.id, run.id, metrics);
  } catch (error) {
    log("warn", `the metrics of run ${run.id} are not those of its model ${model.id}: ${messageOf(error)}`);
  }
}
