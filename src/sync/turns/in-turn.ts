import type { SyncContext } from "../sync-context.ts";
import { lockLost } from "./turn.ts";
import type { Turns } from "./turns.ts";

/** Works with a context that is good for as long as no other sync has the turn. */
export async function inTurn<T>(
  context: SyncContext,
  turns: Turns,
  work: (context: SyncContext) => Promise<T>,
): Promise<T> {
  return await turns.hold(context.signal, (guard, signal) => work({ ...context, guard, signal }));
}

/**
 * Works without a turn until something is to be written; then again from the start, in turn. For looks that mostly find nothing: these leave
 * the target alone.
 */
export async function inTurnIfNeeded<T>(
  context: SyncContext,
  turns: Turns,
  work: (context: SyncContext) => Promise<T>,
): Promise<T> {
  let isNeeded = false;
  const confirm = async () => {
    isNeeded = true;
    throw lockLost();
  };
  try {
    return await work({ ...context, guard: { confirm } });
  } catch (error) {
    if (!isNeeded) throw error;
  }
  return await inTurn(context, turns, work);
}
