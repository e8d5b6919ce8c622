import { fstatSync, readSync } from "node:fs";

/** Bytes that can be read here and there. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** At most `length` bytes from `position` on; fewer at the end. */
  read(position: number, length: number): Uint8Array;
}

const READ_BLOCK_BYTES = 1 << 16;

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { sizeBytes: bytes.length, read: (position, length) => bytes.subarray(position, position + length) };
}

/** Reads a file in blocks: its fields are small and lie close together. */
export function fileSource(descriptor: number, sizeBytes = fstatSync(descriptor).size): ByteSource {
  const block = Buffer.allocUnsafe(READ_BLOCK_BYTES);
  let blockStart = 0;
  let blockLength = 0;
  return {
    sizeBytes,
    read(position, length) {
      if (position < blockStart || position + length > blockStart + blockLength) {
        blockStart = position;
        blockLength = readSync(descriptor, block, 0, READ_BLOCK_BYTES, position);
      }
      return block.subarray(position - blockStart, Math.min(position - blockStart + length, blockLength));
    },
  };
}
