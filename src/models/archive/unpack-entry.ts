import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { messageOf, systemCodeOf } from "../../base/errors.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { type ArchiveWatch, PIECE_BYTES } from "./archive-options.ts";
import type { ArchiveReader } from "./archive-reader.ts";
import { DEFLATED } from "./zip-format.ts";
import type { PlacedEntry } from "./zip-layout.ts";

/**
 * Writes the file of an entry. At most as many bytes are written as the entry declares.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where its bytes are not what it declares
 */
export async function unpackEntry(
  archive: ArchiveReader,
  entry: PlacedEntry,
  target: string,
  watch: ArchiveWatch,
): Promise<void> {
  await using file = await open(target, "wx").catch((error) => {
    throw storageError("write", target, error);
  });
  const output = new CheckedFile(archive, entry, file, watch);
  if (entry.method === DEFLATED) await inflate(archive, entry, output);
  else for await (const piece of packedPieces(archive, entry)) await output.write(piece);
  output.checkWhole();
}

async function* packedPieces(archive: ArchiveReader, entry: PlacedEntry): AsyncGenerator<Buffer, void> {
  for (let done = 0; done < entry.packedBytes; ) {
    const piece = await archive.read(entry.dataPosition + done, Math.min(PIECE_BYTES, entry.packedBytes - done));
    done += piece.length;
    yield piece;
  }
}

/** By zlib, not by fflate: several times faster, and it stops at each full piece of output instead of at the end of its input. */
async function inflate(archive: ArchiveReader, entry: PlacedEntry, output: CheckedFile): Promise<void> {
  const inflater = createInflateRaw({ chunkSize: PIECE_BYTES });
  let isOver = false;
  try {
    await pipeline(packedPieces(archive, entry), inflater, async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) await output.write(piece);
      isOver = true;
    });
  } catch (error) {
    // What comes after the end of the data may abort the pipeline: how many bytes that is, is asked for below.
    if (!isOver && !systemCodeOf(error)?.startsWith("Z_")) throw error;
    if (!isOver) throw archive.damaged(`${JSON.stringify(entry.name)} cannot be inflated: ${messageOf(error)}`, error);
  }
  if (inflater.bytesWritten !== entry.packedBytes) {
    throw archive.damaged(`${JSON.stringify(entry.name)} has bytes behind the end of its data`);
  }
}

/** A file that must become what an entry declares. */
class CheckedFile {
  readonly #archive: ArchiveReader;
  readonly #entry: PlacedEntry;
  readonly #file: FileHandle;
  readonly #watch: ArchiveWatch;
  #bytes = 0;
  #crc32 = 0;

  constructor(archive: ArchiveReader, entry: PlacedEntry, file: FileHandle, watch: ArchiveWatch) {
    this.#archive = archive;
    this.#entry = entry;
    this.#file = file;
    this.#watch = watch;
  }

  async write(piece: Buffer): Promise<void> {
    this.#bytes += piece.length;
    if (this.#bytes > this.#entry.sizeBytes) throw this.#damaged("gives more bytes than it declares");
    this.#crc32 = crc32(piece, this.#crc32);
    await this.#file.writeFile(piece);
    this.#watch.advance(this.#entry.name, piece.length);
  }

  checkWhole(): void {
    if (this.#bytes < this.#entry.sizeBytes) throw this.#damaged("gives fewer bytes than it declares");
    if (this.#crc32 !== this.#entry.crc32)
      throw this.#damaged("gives other bytes than were packed: its CRC-32 differs");
  }

  #damaged(problem: string) {
    return this.#archive.damaged(`${JSON.stringify(this.#entry.name)} ${problem}`);
  }
}
