import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { MEGABYTE, type Reader } from "./reader.ts";

/** How much of the machine's memory is in use. */
export function memoryReader(): Reader {
  return () => {
    const total = totalmem();
    const used = total - availableMemory();
    return {
      system_memory_usage_megabytes: used / MEGABYTE,
      system_memory_usage_percentage: (100 * used) / total,
    };
  };
}

/** On Linux what programs could still get, as psutil counts it: file caches make "free" look alarmingly small. */
function availableMemory(): number {
  try {
    const kibibytes = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
  } catch {
    return freemem();
  }
}
