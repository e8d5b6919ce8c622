import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { isMissing } from "../../disk/storage-errors.ts";

const FILE = "retired";
const BYTES = 12;

/**
 * Up to where a journal is at the backend, in a small file that is written in place: position and CRC-32. Where it cannot be read, all
 * counts as not retired, and is sent again.
 */
export class RetiredMark {
  readonly #path: string;
  readonly #bytes = Buffer.alloc(BYTES);
  #descriptor: number | undefined;

  constructor(directory: string) {
    this.#path = join(directory, FILE);
  }

  get(): number {
    const bytes = Buffer.alloc(BYTES);
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, "r");
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
    try {
      const isWhole = readSync(descriptor, bytes, 0, BYTES, 0) === BYTES;
      const position = bytes.readDoubleLE(0);
      return isWhole && crc32(bytes.subarray(0, 8)) === bytes.readUInt32LE(8) && position >= 0 ? position : 0;
    } finally {
      closeSync(descriptor);
    }
  }

  /** What cannot be written only makes a repeat possible: the values themselves are at the backend. */
  set(position: number): void {
    this.#bytes.writeDoubleLE(position, 0);
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(0, 8)), 8);
    try {
      this.#descriptor ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      writeSync(this.#descriptor, this.#bytes, 0, BYTES, 0);
    } catch {
      // Told by the next append, which meets the same disk.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
