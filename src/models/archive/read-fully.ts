import type { FileHandle } from "node:fs/promises";

/**
 * Reads as many bytes as asked for, fewer only where the file ends. One read may answer fewer anywhere, and what becomes of a
 * file must not depend on it.
 *
 * @param position in the file; `null` goes on where the last read has ended
 */
export async function readFully(file: FileHandle, position: number | null, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position === null ? null : position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
