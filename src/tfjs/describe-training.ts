import type { Run } from "../tracking/run.ts";
import type { Guard } from "./guard.ts";
import { layerRows, summaryText } from "./layer-table.ts";
import type { Model } from "./tensorflow.ts";

const LONGEST_PARAM = 500;

/** Logs what the run has no other value for: a param that is logged twice would make the run's end fail. */
export function offerParams(run: Run, guard: Guard, params: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    guard.attempt(`param ${key}`, () => {
      const text = String(value).slice(0, LONGEST_PARAM);
      if (!run.offerParam(key, text)) {
        throw new Error(`is another in run ${run.id} already, and stays`);
      }
    });
  }
}

/** Where the files of the n-th model of a run are: of the first at the names everybody knows. */
export const nthName = (name: string, n: number): string => (n <= 1 ? name : name.replace(/(?=\.|$)/, `_${n}`));

/** Writes down what the model is made of. The answered promise never rejects. */
export async function logModelStructure(run: Run, guard: Guard, model: Model, nth: number): Promise<void> {
  const summary = guard.attempt("reading the model's summary", () => summaryText(model));
  const layers = guard.attempt("reading the model's layers", () => layerRows(model));
  await Promise.all([
    summary === undefined ||
      guard.attemptAsync("logging the model's summary", () => run.logText(summary, nthName("model_summary.txt", nth))),
    layers === undefined ||
      guard.attemptAsync("logging the model's layers", () => run.logTable(layers, nthName("layers.json", nth))),
  ]);
}
