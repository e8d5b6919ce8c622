import { closeSync } from "node:fs";
import { setTimeout as startTimer } from "node:timers";
import { warnOnce } from "../../base/diagnostics.ts";
import { invalidArgument } from "../../base/errors.ts";
import { writeFully } from "../../disk/atomic-file.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { joinProcessExit } from "../../queue/exit-hooks.ts";
import { createEventFile } from "./event-file.ts";
import { mostScalarEventBytes, writeScalarEvent, writeVersionEvent } from "./event-message.ts";
import { frameRecord, RECORD_FOOTER_BYTES, RECORD_HEADER_BYTES } from "./tf-record.ts";

/** How an event file is written. */
export interface EventWriterOptions {
  /** How long a scalar may be kept in memory before it is written, in milliseconds. Default 2,000; 0 writes each at once. */
  readonly flushIntervalMs?: number | undefined;
}

const DEFAULT_FLUSH_INTERVAL_MS = 2_000;
/** About a thousand scalars. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Writes scalars to a new event file of TensorBoard. Give every training a directory of its own: TensorBoard shows a directory
 * as one run, and reads on only in the last of its files.
 *
 * TensorBoard's scalars are float32: 0.1 comes back as 0.10000000149011612, and 1e300 as infinity.
 *
 * Records are collected in memory and appended synchronously: when the buffer is full, when the oldest is `flushIntervalMs`
 * old (in the next call, or by a timer when the event loop turns), and when the process ends. A file that takes no more is
 * warned of once, and nothing more is written.
 */
export class EventWriter {
  /** Path of the event file. */
  readonly path: string;
  /** Absent after the end, whether asked for or not. */
  #descriptor: number | undefined;
  #flushIntervalMs: number;
  readonly #leaveProcessExit: () => void;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Bytes of the buffer that are not in the file yet: whole records. */
  #length = 0;
  /** On the clock of `performance`; means something while the buffer is not empty. */
  #flushDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param directory - Made where it is missing.
   * @throws TidemarkError `STORAGE_…` when the directory or the file cannot be made
   */
  constructor(directory: string, options: EventWriterOptions = {}) {
    const nowS = Date.now() / 1_000;
    const { path, descriptor } = createEventFile(directory, nowS);
    this.path = path;
    this.#descriptor = descriptor;
    this.#flushIntervalMs = options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS;
    this.#leaveProcessExit = joinProcessExit({
      handlesSignals: false,
      settle: () => undefined,
      finishSync: () => this.#finish(),
    });
    const end = writeVersionEvent(this.#buffer, RECORD_HEADER_BYTES, nowS);
    this.#length = frameRecord(this.#buffer, 0, end);
    // At once: TensorBoard takes a file without it for an old one.
    this.flush();
  }

  /**
   * Adds a scalar. Does nothing after the end.
   *
   * @param value - Kept as float32; NaN and the infinities are shown as such.
   * @param step - A safe integer, also a negative one.
   * @param wallTimeMs - Milliseconds since 1970. Default: now.
   * @throws TidemarkError `INVALID_PARAMETER_VALUE` for a step or a time that no event can have
   */
  scalar(tag: string, value: number, step: number, wallTimeMs = Date.now()): void {
    if (!Number.isSafeInteger(step)) throw invalidArgument("step", step, "a safe integer");
    if (!Number.isFinite(wallTimeMs)) throw invalidArgument("wallTimeMs", wallTimeMs, "milliseconds since 1970");
    if (this.#descriptor === undefined) return;
    this.#makeRoom(RECORD_HEADER_BYTES + mostScalarEventBytes(tag) + RECORD_FOOTER_BYTES);
    const start = this.#length;
    const end = writeScalarEvent(this.#buffer, start + RECORD_HEADER_BYTES, tag, value, step, wallTimeMs / 1_000);
    this.#length = frameRecord(this.#buffer, start, end);
    this.#flushWhenDue(start === 0);
  }

  /** Appends to the file what is in memory. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#descriptor === undefined || this.#length === 0) return;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    try {
      writeFully(this.#descriptor, bytes);
    } catch (error) {
      // What stands in the file may end in half a record, and whatever followed it would be unreadable.
      this.#warn(error);
      this.#end();
    }
  }

  /** Writes what is left and closes the file. Later calls do nothing. */
  close(): void {
    this.flush();
    this.#end();
  }

  #makeRoom(bytes: number): void {
    if (this.#buffer.length - this.#length >= bytes) return;
    this.flush();
    // A tag of many thousand characters.
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafe(bytes);
  }

  /** A training that blocks the event loop is served by its own calls, one that has stopped logging by the timer. */
  #flushWhenDue(isFirst: boolean): void {
    if (this.#flushIntervalMs <= 0) {
      this.flush();
      return;
    }
    const nowMs = performance.now();
    if (isFirst) {
      this.#flushDueMs = nowMs + this.#flushIntervalMs;
      this.#timer = startTimer(() => this.flush(), this.#flushIntervalMs);
      this.#timer.unref();
    } else if (nowMs >= this.#flushDueMs) this.flush();
  }

  /** Who logs after this, in an exit listener of their own, has no later moment: nothing is kept in memory any more. */
  #finish(): void {
    this.#flushIntervalMs = 0;
    this.flush();
  }

  #end(): void {
    this.#leaveProcessExit();
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) return;
    try {
      closeSync(descriptor);
    } catch (error) {
      // Network disks report here what they could not take.
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    const { message } = storageError("write", this.path, error);
    warnOnce(`tensorboard ${this.path}`, `${message}; TensorBoard gets nothing more from this training`);
  }
}
