import { join } from "node:path";
import type { Guard } from "./guard.ts";
import type { ScalarWriter } from "./metric-recorder.ts";
import { EventWriter } from "./tensorboard/event-writer.ts";

/** The event files of one run, in a folder of the run's name: TensorBoard shows each folder as a run. */
export function openTensorboard(
  guard: Guard,
  directory: string | undefined,
  runName: string,
): ScalarWriter | undefined {
  if (directory === undefined) return undefined;
  return guard.attempt("opening TensorBoard's events", () => new EventWriter(join(directory, runName)));
}
