import { activeRun } from "../tracking/active-run.ts";
import { Client } from "../tracking/client.ts";
import type { Run } from "../tracking/run.ts";
import type { Guard } from "./guard.ts";
import { metricName } from "./names.ts";
import { openTrainingRun } from "./open-training-run.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf } from "./run-ledger.ts";
import { type Model, type Namespace, readsNow, type Tensor } from "./tensorflow.ts";

/** What the recording of an evaluation depends on. */
export interface EvaluationParts {
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly options: CheckedAutologOptions;
  readonly inner: Model;
  /** The run of its own that the model was last trained in. */
  readonly trainedIn: Run | undefined;
}

/**
 * Logs what `evaluate` has answered: in the active run; else in the run the model was trained in, though it has ended; else in a run of its
 * own.
 */
export function recordEvaluation(parts: EvaluationParts, answer: unknown): void {
  const { tf, guard, inner } = parts;
  const scalars = [answer].flat() as Tensor[];
  const labels = inner.metricsNames ?? ["loss"];
  if (readsNow(tf)) log(scalars.map((scalar) => scalar.dataSync()[0] as number));
  else {
    // Asked for now, while the tensors live.
    const values = Promise.all(scalars.map((scalar) => scalar.data()));
    void guard.attemptAsync("reading an evaluation", async () =>
      log((await values).map((value) => value[0] as number)),
    );
  }

  function log(values: readonly number[]): void {
    const metrics = values.map((value, index) => ({ key: `validation_${metricName(labels[index] ?? "loss")}`, value }));
    logEvaluation(parts, metrics);
  }
}

type Metrics = readonly { readonly key: string; readonly value: number }[];

function logEvaluation({ options, trainedIn, guard, inner }: EvaluationParts, metrics: Metrics): void {
  const open = options.run ?? (options.exclusive ? undefined : activeRun());
  if (open !== undefined && open.status === "RUNNING") logInto(open, metrics);
  else if (trainedIn !== undefined) {
    const step = ledgerOf(trainedIn).nextEvaluation++;
    void guard.attemptAsync("logging an evaluation", () => logAfterTheEnd(trainedIn, metrics, step));
  } else {
    const opened = openTrainingRun(options, [inner]);
    if (opened === undefined) return;
    logInto(opened.run, metrics);
    if (opened.isOwn) void guard.attemptAsync(`ending run ${opened.run.id}`, () => opened.run.end());
  }
}

function logInto(run: Run, metrics: Metrics): void {
  const step = ledgerOf(run).nextEvaluation++;
  for (const { key, value } of metrics) run.logMetric(key, value, { step });
}

async function logAfterTheEnd(run: Run, metrics: Metrics, step: number): Promise<void> {
  // The same promise as the one whoever ended the run has waited for.
  if (run.status !== "RUNNING") await run.end().catch(() => {});
  const runId = run.backendId;
  if (runId === undefined) throw new Error(`the server of run ${run.id} is away`);
  const { runs } = new Client(run.home.backend);
  await runs.logBatch({ runId, metrics: metrics.map((metric) => ({ ...metric, step })) });
}
