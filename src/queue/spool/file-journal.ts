import { closeSync, fsync, ftruncateSync, openSync, readSync } from "node:fs";
import { promisify } from "node:util";
import { TidemarkError } from "../../base/errors.ts";
import type { Batch, Series } from "../../contract/batch.ts";
import type { Journal, JournalAppend, JournalPosition } from "../../contract/journal.ts";
import { removeFile, writeFully } from "../../disk/atomic-file.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { countEntries } from "../count-entries.ts";
import { decodeBatch, encodeBatch, payloadLength, RECORD_HEADER_BYTES } from "./batch-record.ts";
import { type JournalFile, journalFiles, journalPath, MAGIC } from "./journal-files.ts";
import { RetiredMark } from "./retired-mark.ts";
import type { SpoolSpace } from "./spool-space.ts";

/** A file that long gets a successor, so that what is retired can leave the disk. */
const FILE_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** Where a journal is, and how much room it has. */
export interface FileJournalOptions {
  readonly directory: string;
  readonly space: SpoolSpace;
  readonly maxBytes: number;
}

/** What is left in a journal. */
export interface JournalRest {
  readonly position: JournalPosition;
  readonly end: JournalPosition;
  /** Values, params, tags, inputs and marks. */
  readonly count: number;
  /** Behind the end, where a record was torn or changed. */
  readonly unreadableBytes: number;
}

/**
 * A journal in the files of a directory: each up to 16 MiB, named by the position at which it begins, removed when all of it is
 * retired. What a power cut has torn is where reading ends.
 */
export class FileJournal implements Journal {
  /** The run's series, as far as they were appended or read. */
  readonly series: Series[] = [];
  readonly #options: FileJournalOptions;
  readonly #retired: RetiredMark;
  #files: JournalFile[];
  /** Open for appending: the last of the files. Absent until the first append of this process. */
  #descriptor: number | undefined;
  #end: JournalPosition;
  #writtenSeries = 0;
  #reading: { readonly base: JournalPosition; readonly descriptor: number } | undefined;
  #cache = { from: 0, bytes: Buffer.alloc(0) };

  constructor(options: FileJournalOptions) {
    this.#options = options;
    this.#retired = new RetiredMark(options.directory);
    this.#files = journalFiles(options.directory);
    this.#end = this.#files.at(-1)?.end ?? 0;
  }

  append(batch: Batch): JournalAppend {
    try {
      const isNewFile = this.#descriptor === undefined || this.#end - this.#lastBase >= FILE_BYTES;
      // A file must be readable without the ones before it, which may be gone.
      const record = encodeBatch(batch, isNewFile ? 0 : this.#writtenSeries);
      const bytes = record.length + (isNewFile ? MAGIC.length : 0);
      const { space, maxBytes } = this.#options;
      if (!space.take(bytes, maxBytes)) return { status: "full", error: this.#fullError() };
      try {
        if (isNewFile) this.#openFile();
        const position = this.#write(record);
        this.#writtenSeries = batch.series.length;
        return { status: "ok", position, next: this.#end };
      } catch (error) {
        space.give(bytes);
        throw error;
      }
    } catch (error) {
      return { status: "failed", error: storageError("write to the spool", this.#options.directory, error) };
    }
  }

  read(position: JournalPosition): { batch: Batch; next: JournalPosition } | undefined {
    for (const file of this.#files) {
      if (position >= file.end) continue;
      const at = Math.max(position, file.base + MAGIC.length);
      const record = this.#recordAt(file, at);
      const batch = record === undefined ? undefined : decodeBatch(record, this.series);
      if (record !== undefined && batch !== undefined) return { batch, next: at + record.length };
      // What a write that failed has left behind hides nothing: the next file begins with a whole record.
    }
    return undefined;
  }

  retire(position: JournalPosition): void {
    this.#retired.set(position);
    while (this.#files.length > 1 && (this.#files[0] as JournalFile).end <= position) {
      const file = this.#files.shift() as JournalFile;
      if (this.#reading?.base === file.base) this.#closeReading();
      removeFile(file.path);
      this.#options.space.give(file.end - file.base);
    }
  }

  /** Reads everything once: what is not retired, and up to where it is whole. Nothing is appended afterwards. */
  rest(): JournalRest {
    const retired = this.#retired.get();
    let count = 0;
    let start: JournalPosition | undefined;
    let end = retired;
    // From the beginning, because records there say what the series are.
    for (let at = this.#files[0]?.base ?? 0; ; ) {
      const record = this.read(at);
      if (record === undefined) break;
      at = record.next;
      if (at <= retired) continue;
      start ??= Math.max(retired, this.#files[0]?.base ?? 0);
      count += countEntries(record.batch);
      end = at;
    }
    const wholeEnd = Math.max(end, ...this.#files.slice(-1).map((file) => file.base + MAGIC.length));
    return { position: start ?? end, end, count, unreadableBytes: Math.max(0, this.#end - wholeEnd) };
  }

  async makeDurable(): Promise<void> {
    if (this.#descriptor === undefined) return;
    await promisify(fsync)(this.#descriptor).catch((error: unknown) => {
      throw storageError("sync the spool", this.#options.directory, error);
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#closeReading();
    this.#retired.close();
  }

  get #lastBase(): JournalPosition {
    return this.#files.at(-1)?.base ?? 0;
  }

  #openFile(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    const base = this.#end;
    const path = journalPath(this.#options.directory, base);
    this.#descriptor = openSync(path, "wx+", 0o600);
    writeFully(this.#descriptor, MAGIC);
    this.#end = base + MAGIC.length;
    this.#files.push({ base, path, end: this.#end });
  }

  #write(record: Buffer): JournalPosition {
    const descriptor = this.#descriptor as number;
    const file = this.#files.at(-1) as JournalFile;
    const position = this.#end;
    try {
      writeFully(descriptor, record);
    } catch (error) {
      this.#takeBack(descriptor, position - file.base);
      throw error;
    }
    this.#end = position + record.length;
    this.#files[this.#files.length - 1] = { ...file, end: this.#end };
    return position;
  }

  /** A record that was not written whole must not stand before the next one. */
  #takeBack(descriptor: number, length: number): void {
    try {
      ftruncateSync(descriptor, length);
    } catch {
      closeSync(descriptor);
      this.#descriptor = undefined;
    }
  }

  #recordAt(file: JournalFile, position: JournalPosition): Buffer | undefined {
    const header = this.#bytesAt(file, position, RECORD_HEADER_BYTES);
    const length = payloadLength(header);
    if (length === undefined) return undefined;
    const record = this.#bytesAt(file, position, RECORD_HEADER_BYTES + length);
    return record.length < RECORD_HEADER_BYTES + length ? undefined : record;
  }

  /** Small records come many at a time. */
  #bytesAt(file: JournalFile, position: JournalPosition, length: number): Buffer {
    const { from, bytes } = this.#cache;
    const isCached = position >= from && position + length <= from + bytes.length;
    if (!isCached) {
      const wanted = Buffer.allocUnsafe(Math.max(0, Math.min(Math.max(length, READ_BYTES), file.end - position)));
      let done = 0;
      for (let count = -1; done < wanted.length && count !== 0; done += count) {
        count = readSync(this.#open(file), wanted, done, wanted.length - done, position - file.base + done);
      }
      this.#cache = { from: position, bytes: wanted.subarray(0, done) };
    }
    const start = position - this.#cache.from;
    return this.#cache.bytes.subarray(start, start + length);
  }

  #open({ base, path }: JournalFile): number {
    if (this.#reading?.base !== base) {
      this.#closeReading();
      this.#reading = { base, descriptor: openSync(path, "r") };
    }
    return this.#reading.descriptor;
  }

  #closeReading(): void {
    if (this.#reading !== undefined) closeSync(this.#reading.descriptor);
    this.#reading = undefined;
  }

  #fullError(): TidemarkError {
    const { space, maxBytes } = this.#options;
    const message = `the spool ${space.root} has reached its limit of ${Math.round(maxBytes / 1024 ** 2)} MiB`;
    return new TidemarkError("STORAGE_FULL", message, { details: { path: space.root, maxBytes } });
  }
}
