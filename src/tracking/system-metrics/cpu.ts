import { cpus } from "node:os";
import type { Reader } from "./reader.ts";

/** How busy all processors together were since the last reading. */
export function cpuReader(): Reader {
  let last = times();
  return () => {
    const now = times();
    const total = now.total - last.total;
    const busy = now.busy - last.busy;
    last = now;
    // The system counts in ticks: right after a reading there may be none.
    return total > 0 ? { cpu_utilization_percentage: (100 * busy) / total } : {};
  };
}

function times(): { busy: number; total: number } {
  let busy = 0;
  let idle = 0;
  for (const cpu of cpus()) {
    const { user, nice, sys, irq } = cpu.times;
    busy += user + nice + sys + irq;
    idle += cpu.times.idle;
  }
  return { busy, total: busy + idle };
}
