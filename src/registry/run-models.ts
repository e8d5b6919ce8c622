import { describe, TidemarkError } from "../base/errors.ts";
import { noSuchLoggedModel } from "../base/store-errors.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";

/** The logged model of a run that has a name: of several, the one the run produced last, of those that were logged to their end. */
export async function loggedModelNamed(client: Client, run: RunEntity, name: string): Promise<LoggedModel | undefined> {
  // What such a name holds no logged model's name does; and the grammar could not say it.
  if (client.backend.loggedModels === undefined || /["'/:.%]/.test(name)) return undefined;
  const filter = `name = '${name}' AND source_run_id = '${run.id}'`;
  const models: LoggedModel[] = [];
  for await (const model of client.loggedModels.search({ experimentIds: [run.experimentId], filter })) {
    models.push(model);
  }
  return newestOf(run, models);
}

/**
 * The logged model that a run has produced, the last of several, of those that were logged to their end.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where it has produced none
 */
export async function producedModel(client: Client, runId: string): Promise<LoggedModel> {
  const run = await client.runs.get(runId);
  const models = await Promise.all(run.modelOutputs.map(({ modelId }) => findLoggedModel(client, modelId)));
  const newest = newestOf(
    run,
    models.filter((model) => model !== undefined),
  );
  if (newest !== undefined) return newest;
  const message = `run ${runId} has produced no logged model: give the model's URI, like "runs:/${runId}/model"`;
  throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { runId } });
}

/** `undefined` where there is none, or it is deleted. */
export async function findLoggedModel(client: Client, modelId: string): Promise<LoggedModel | undefined> {
  if (client.backend.loggedModels === undefined) return undefined;
  return await unlessMissing(client.loggedModels.get(modelId));
}

/** The first of several backends that knows a logged model. @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
export async function loggedModelOfAny(
  clients: readonly Client[],
  modelId: string,
): Promise<{ readonly model: LoggedModel; readonly client: Client }> {
  for (const client of clients) {
    const model = await findLoggedModel(client, modelId);
    if (model !== undefined) return { model, client };
  }
  throw noSuchLoggedModel(modelId, clients.map(({ uri }) => uri).join(" and "));
}

/** The answer, or `undefined` where what was asked for is not there. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
    throw error;
  }
}

function newestOf(run: RunEntity, models: readonly LoggedModel[]): LoggedModel | undefined {
  const steps = new Map(run.modelOutputs.map(({ modelId, step }) => [modelId, step]));
  const stepOf = ({ id }: LoggedModel) => steps.get(id) ?? Number.NEGATIVE_INFINITY;
  const newestFirst = [...models].sort(
    (a, b) => compare(stepOf(b), stepOf(a)) || compare(b.creationTime, a.creationTime),
  );
  return newestFirst.find((model) => !isUnfinished(model)) ?? newestFirst[0];
}

/** Files of a model that is still being logged, or was not to its end, may be missing. */
export const isUnfinished = ({ status }: LoggedModel): boolean => status === "PENDING" || status === "FAILED";

const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);

export const noModelIn = (runId: string, path: string | undefined) =>
  new TidemarkError(
    "RESOURCE_DOES_NOT_EXIST",
    `run ${runId} has neither an MLmodel in its artifacts at ${describe(path ?? "")} nor a logged model of that name`,
    { details: { runId, path } },
  );
