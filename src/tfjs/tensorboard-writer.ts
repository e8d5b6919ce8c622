import { join } from "node:path";
import type { ScalarWriter } from "./metric-recorder.ts";
import { EventWriter } from "./tensorboard/event-writer.ts";

/** The event files of one run, in a folder of the run's name: TensorBoard shows each folder as a run. */
export function openTensorboard(directory: string | undefined, runName: string): ScalarWriter | undefined {
  return directory === undefined ? undefined : new EventWriter(join(directory, runName));
}
