import { processSlot } from "../base/process-state.ts";

/**
 * Runs of one process that may be sending at once. MLflow's server on SQLite is fastest with 4 requests in flight, its 4 workers
 * have one each, and slower than with one when there are 16; a worker that gets more than 15 has no connection to its database left.
 */
const MOST_SENDING_RUNS = 4;

interface SendSlots {
  free: number;
  readonly waiting: (() => void)[];
}

const slots = () => processSlot<SendSlots>("send-slots", () => ({ free: MOST_SENDING_RUNS, waiting: [] }));

/** Runs one send when a slot is free, first come, first served. */
export async function withSendSlot<T>(send: () => Promise<T>): Promise<T> {
  const shared = slots();
  if (shared.free > 0) shared.free--;
  else await new Promise<void>((resolve) => shared.waiting.push(resolve));
  try {
    return await send();
  } finally {
    const next = shared.waiting.shift();
    if (next === undefined) shared.free++;
    else next();
  }
}
