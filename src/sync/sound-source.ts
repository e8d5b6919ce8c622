import { TidemarkError } from "../base/errors.ts";
import { keyProblem } from "../base/key-rules.ts";
import { checkArgument } from "../schema/check.ts";
import type { MetricHistory } from "../schema/metric.ts";
import { type LoggedModel, loggedModelSchema } from "../schema/model.ts";
import { modelIdSchema, modelInputSchema, modelOutputSchema } from "../schema/model-link.ts";
import { type RunEntity, runEntitySchema } from "../schema/run.ts";
import type { SyncContext } from "./sync-context.ts";

// Stores take what they are given for checked, and a source may say anything: what names a file, or a line of one, is looked at here.

export const whereIsRun = (runId: string): string => `run ${runId}`;
export const whereIsModel = (modelId: string): string => `logged model ${modelId}`;

const runHeadSchema = runEntitySchema.pick({
  id: true,
  name: true,
  userId: true,
  status: true,
  startTime: true,
  endTime: true,
  lifecycleStage: true,
});

const modelHeadSchema = loggedModelSchema
  .pick({ name: true, modelType: true, status: true, creationTime: true, lastUpdateTime: true })
  .extend({ id: modelIdSchema });

/**
 * A run of the source without the metrics and links that no store may hold: these are failures of their own.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where it is no run at all
 */
export function soundRun({ ledger }: SyncContext, run: RunEntity): RunEntity {
  checkArgument("run", runHeadSchema, run);
  const where = whereIsRun(run.id);
  const fail = (what: string) => (problem: string) => ledger.failure(where, what, notAllowed(problem));
  return {
    ...run,
    latestMetrics: run.latestMetrics.filter(({ key }) => isNoProblem(keyProblem(key), fail(`metrics.${key}`))),
    modelInputs: run.modelInputs.filter((link) => isModelLink(modelInputSchema, link, fail("links to logged models"))),
    modelOutputs: run.modelOutputs.filter((link) =>
      isModelLink(modelOutputSchema, link, fail("links to logged models")),
    ),
  };
}

/** The same for a logged model. */
export function soundModel({ ledger }: SyncContext, model: LoggedModel): LoggedModel {
  checkArgument("logged model", modelHeadSchema, model);
  const fail = (key: string) => (problem: string) =>
    ledger.failure(whereIsModel(model.id), `metrics.${key}`, notAllowed(problem));
  return {
    ...model,
    metrics: model.metrics.filter(({ key, step, timestamp }) => {
      const isPoint = Number.isSafeInteger(step) && Number.isSafeInteger(timestamp);
      return isNoProblem(keyProblem(key) ?? (isPoint ? undefined : NO_POINTS), fail(key));
    }),
  };
}

/** The histories of a run of the source, one at a time in memory. One that is none is a failure of its own. */
export async function* soundHistories(
  { from, ledger }: SyncContext,
  { id, latestMetrics }: RunEntity,
): AsyncGenerator<{ readonly key: string; readonly history: MetricHistory }> {
  for (const { key } of latestMetrics) {
    const history = await from.backend.tracking.metricHistory(id, key);
    if (isHistory(history)) yield { key, history };
    else ledger.failure(whereIsRun(id), `metrics.${key}`, new TidemarkError("DATA_DAMAGED", NO_POINTS));
  }
}

const NO_POINTS = "has a step or a time that is no integer";

function isHistory({ steps, timestamps, values }: MetricHistory): boolean {
  if (steps.length !== values.length || timestamps.length !== values.length) return false;
  // Millions of values come through here.
  for (let i = 0; i < steps.length; i++) {
    if (!Number.isSafeInteger(steps[i]) || !Number.isSafeInteger(timestamps[i])) return false;
  }
  return true;
}

function isNoProblem(problem: string | undefined, fail: (problem: string) => void): boolean {
  if (problem !== undefined) fail(problem);
  return problem === undefined;
}

const isModelLink = (
  schema: typeof modelInputSchema | typeof modelOutputSchema,
  link: unknown,
  fail: (problem: string) => void,
): boolean => isNoProblem(schema.safeParse(link).success ? undefined : "is no link to a logged model", fail);

const notAllowed = (problem: string): TidemarkError => new TidemarkError("INVALID_PARAMETER_VALUE", problem);
