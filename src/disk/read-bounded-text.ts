import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { damaged, guarded } from "./storage-errors.ts";

/**
 * Reads a text that somebody else has written.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where it is larger, or no file; the codes of storage
 */
export function readBoundedText(path: string, mostMib: number): string {
  return guarded("read", path, () => {
    // A pipe that lies where a file belongs must not block.
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = fstatSync(descriptor);
      if (!facts.isFile()) throw damaged(path, "is not a file");
      if (facts.size > mostMib * 2 ** 20) throw damaged(path, `has more than ${mostMib} MiB`);
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  });
}
