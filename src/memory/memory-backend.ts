import type { Backend } from "../contract/backend.ts";
import { MemoryArtifactStore } from "./memory-artifact-store.ts";
import { MemoryGarbageStore } from "./memory-garbage-store.ts";
import { MemoryImporter } from "./memory-importer.ts";
import { MemoryRegistryStore } from "./memory-registry-store.ts";
import { MemoryTrackingStore } from "./memory-tracking-store.ts";
import { URI } from "./memory-uri.ts";

/**
 * Runs in memory: for tests, and for programs that look at a run and throw it away. Every call makes a store of its own; all is
 * gone with the process.
 *
 * @example
 * ```ts
 * import { connect, startRun } from "tidemark";
 * import { memoryBackend } from "tidemark/memory";
 *
 * const client = await connect(memoryBackend());
 * const run = await startRun({ client });
 * run.logMetric("loss", 0.5);
 * await run.end();
 * console.log((await client.runs.get(run.id)).metrics);
 * ```
 */
export function memoryBackend(): Backend {
  const files = new Map<string, Uint8Array>();
  const tracking = new MemoryTrackingStore();
  const { loggedModels } = tracking;
  const registry = new MemoryRegistryStore({ tracking, loggedModels });
  return {
    uri: URI,
    tracking,
    loggedModels,
    garbage: new MemoryGarbageStore(tracking, files),
    registry,
    importer: new MemoryImporter({ tracking, loggedModels, registry }),
    artifacts: (uri) => new MemoryArtifactStore(uri, files),
    close: async () => {},
  };
}
