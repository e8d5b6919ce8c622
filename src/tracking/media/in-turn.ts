import { inLine, type Lines } from "../../base/in-line.ts";
import { processSlot } from "../../base/process-state.ts";

/** Runs a task after all earlier ones of the same name in this process. */
export const inTurn = <T>(name: string, task: () => Promise<T>): Promise<T> =>
  inLine(
    processSlot<Lines>("turns", () => new Map()),
    name,
    task,
  );
