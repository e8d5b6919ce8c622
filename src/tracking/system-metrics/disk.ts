import { statfsSync } from "node:fs";
import { parse } from "node:path";
import { MEGABYTE, type Reader } from "./reader.ts";

/** How full the root file system is, counted as psutil does: blocks reserved for root are neither used nor available. */
export function diskReader(): Reader {
  const root = parse(process.cwd()).root;
  return () => {
    const { bsize, blocks, bfree, bavail } = statfsSync(root);
    const used = (blocks - bfree) * bsize;
    const available = bavail * bsize;
    return {
      ...(used + available > 0 ? { disk_usage_percentage: (100 * used) / (used + available) } : {}),
      disk_usage_megabytes: used / MEGABYTE,
      disk_available_megabytes: available / MEGABYTE,
    };
  };
}
