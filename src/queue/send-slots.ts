import { processSlot } from "../base/process-state.ts";

/** Runs of one process that may be sending at once: enough to hide latency, few enough not to trip a server's limits. */
const MOST_SENDING_RUNS = 16;

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
