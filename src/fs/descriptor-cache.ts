import { closeSync } from "node:fs";
import { systemCodeOf } from "../base/errors.ts";

/** Something that holds one file descriptor and can do without it. */
export interface DescriptorHolder {
  /** Grows with every use: the smallest is the least recently used. */
  lastUse: number;
  /** Gives the descriptor away, if there is one. */
  takeDescriptor(): number | undefined;
}

/** Well below the 256 that some systems allow a process, which needs descriptors for other things too. */
const MOST_OPEN = 64;

/** The descriptors all sinks of a backend keep open, so that 10,000 metrics work where a process may have 256 of them. */
export class DescriptorCache {
  readonly #open = new Set<DescriptorHolder>();
  #uses = 0;

  get openCount(): number {
    return this.#open.size;
  }

  touch(holder: DescriptorHolder): void {
    holder.lastUse = ++this.#uses;
  }

  /** Opens a file for a holder, closing the least recently used one where too many are open. */
  open(holder: DescriptorHolder, open: () => number): number {
    if (this.#open.size >= MOST_OPEN) this.#closeOldest();
    const descriptor = this.#whenDescriptorsRunOut(open);
    this.#open.add(holder);
    this.touch(holder);
    return descriptor;
  }

  /** Other parts of the process may have used the descriptors up: then ours are closed, and the operation gets another try. */
  #whenDescriptorsRunOut<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      const code = systemCodeOf(error);
      if (code !== "EMFILE" && code !== "ENFILE") throw error;
      for (const holder of [...this.#open]) this.close(holder);
      return operation();
    }
  }

  close(holder: DescriptorHolder): void {
    this.#open.delete(holder);
    const descriptor = holder.takeDescriptor();
    if (descriptor === undefined) return;
    try {
      closeSync(descriptor);
    } catch {
      // What was written is written; a descriptor that cannot be closed is lost either way.
    }
  }

  closeAll(): void {
    for (const holder of [...this.#open]) this.close(holder);
  }

  #closeOldest(): void {
    let oldest: DescriptorHolder | undefined;
    for (const holder of this.#open) if (oldest === undefined || holder.lastUse < oldest.lastUse) oldest = holder;
    if (oldest !== undefined) this.close(oldest);
  }
}
