import { checkRelativePath } from "../base/paths.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";

/**
 * The bytes of a file, or why it has too many. The size in a listing is only what the store says, so that the reading stops too.
 *
 * @throws {TidemarkError} the store's
 */
export async function readBounded(store: ArtifactStore, path: string, mostBytes: number): Promise<Uint8Array | string> {
  const tooLarge = `has more than ${mostBytes.toLocaleString("en")} bytes`;
  const abort = new AbortController();
  let count = 0;
  const onBytes = (bytes: number) => {
    count += bytes;
    if (count > mostBytes) abort.abort();
  };
  try {
    const bytes = await store.read(checkRelativePath("artifact path", path), { signal: abort.signal, onBytes });
    return bytes.length > mostBytes ? tooLarge : bytes;
  } catch (error) {
    if (abort.signal.aborted) return tooLarge;
    throw error;
  }
}
