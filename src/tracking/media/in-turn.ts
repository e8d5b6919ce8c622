import { processSlot } from "../../base/process-state.ts";

const lastOf = () => processSlot("turns", () => new Map<string, Promise<unknown>>());

/** Runs a task after all earlier ones of the same name in this process, whatever became of them. */
export async function inTurn<T>(name: string, task: () => Promise<T>): Promise<T> {
  const turns = lastOf();
  const turn = (turns.get(name) ?? Promise.resolve()).then(task, task);
  turns.set(name, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(name) === turn) turns.delete(name);
  }
}
