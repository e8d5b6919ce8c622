import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { TidemarkError } from "../../base/errors.ts";
import { type RetryPolicy, retryDelayMs } from "../../base/retry-schedule.ts";
import { damaged, newNonce, type StoreObjects } from "./store-objects.ts";
import type { WritePacer } from "./write-pacer.ts";

/** What every head has beside its own fields. */
export const headFields = {
  /** 1 when it was made, one more with every write. */
  rev: z.int().positive(),
  /** The writes that made it what it is, newest last: by these a writer knows its own. */
  ops: z.array(z.string()).min(1),
  /** The write that made it first. */
  createdBy: z.string(),
};

export interface HeadFields {
  readonly rev: number;
  readonly ops: readonly string[];
  readonly createdBy: string;
}

/** The fields of a head that are its own. */
export type Content<T extends HeadFields> = Omit<T, keyof HeadFields>;

/** One kind of head: where one is, how it is checked, and what has to happen before one is written. */
export interface HeadKind<T extends HeadFields> {
  readonly schema: z.ZodType<T>;
  readonly keyOf: (id: string) => string;
  /** Called with the revision that is about to be written, before each try. */
  readonly announce?: (id: string, content: Content<T>, rev: number) => Promise<void>;
  /** Called after a write. */
  readonly onWritten?: (id: string, content: Content<T>) => void;
}

/** What is stored, and the version of it that a change has to be based on. */
interface Stored<T> {
  readonly head: T;
  readonly etag: string;
}

interface Change<T> {
  readonly apply: (head: T) => Content<T & HeadFields>;
  readonly resolve: (head: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A head that is about to be written. */
interface Draft<T extends HeadFields> {
  readonly content: Content<T>;
  readonly rev: number;
  readonly body: Uint8Array;
  /** Of what it takes the place of; `undefined` for nothing. */
  readonly etag: string | undefined;
}

/** A dataset may bring 17 MiB with it. */
const LARGEST_HEAD_BYTES = 32 << 20;
const MOST_OPS = 16;
/** Less than it takes until somebody takes an announcement for a dead one. */
const ANNOUNCEMENT_LASTS_MS = 30 * 60_000;
/** Others were faster that often: something else is wrong then. */
const MOST_RACES = 60;
/** A write takes milliseconds; whoever lost comes back when the winner is done. */
const RACE_RETRY: RetryPolicy = { baseMs: 30, capMs: 2_000, budgetMs: 300_000 };

/**
 * JSON objects that many writers change, each change based on what is there: read, changed, and written where nobody else has written
 * meanwhile. Changes of one head that come while it is being written are written together.
 */
export class Heads {
  readonly objects: StoreObjects;
  readonly #pacer: WritePacer;
  readonly #ready: () => Promise<void>;
  readonly #waiting = new Map<string, Change<never>[]>();

  /**
   * @param pacer - When one key may be written again.
   * @param ready - Called before every write: settles where the storage is fit for it.
   */
  constructor(objects: StoreObjects, pacer: WritePacer, ready: () => Promise<void>) {
    this.objects = objects;
    this.#pacer = pacer;
    this.#ready = ready;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  async read<T extends HeadFields>(kind: HeadKind<T>, id: string): Promise<T | undefined> {
    return (await this.#read(kind, id))?.head;
  }

  /** Makes a head; `undefined` where one is there already. */
  async create<T extends HeadFields>(kind: HeadKind<T>, id: string, content: Content<T>): Promise<T | undefined> {
    await this.#ready();
    const op = newNonce();
    const head = { ...content, rev: 1, ops: [op], createdBy: op } as unknown as T;
    const body = this.#bytesOf(kind, id, head);
    for (let race = 0; ; race++) {
      const written = await this.#announceAndWrite(kind, id, { content, rev: 1, body, etag: undefined });
      if (written === "written") break;
      if (written === "refused") return undefined;
      // An earlier try may have been the one that made it.
      const there = await this.read(kind, id);
      if (there?.createdBy === op) break;
      if (there !== undefined) return undefined;
      await this.#pause(kind.keyOf(id), race);
    }
    this.#pacer.written(kind.keyOf(id));
    kind.onWritten?.(id, content);
    return head;
  }

  /**
   * Changes a head. What `apply` throws is the answer, and changes nothing; the same head answered means that nothing is to be changed.
   * It is called again where somebody else was faster.
   *
   * @throws {TidemarkError} what `missing` answers where there is no head
   */
  async change<T extends HeadFields>(
    kind: HeadKind<T>,
    id: string,
    apply: (head: T) => Content<T>,
    missing: () => TidemarkError,
  ): Promise<T> {
    const key = kind.keyOf(id);
    return await new Promise<T>((resolve, reject) => {
      const change = { apply, resolve, reject } as unknown as Change<never>;
      const waiting = this.#waiting.get(key);
      if (waiting !== undefined) {
        waiting.push(change);
        return;
      }
      const own = [change];
      this.#waiting.set(key, own);
      void this.#drain(kind, id, own as unknown as Change<T>[], missing);
    });
  }

  /** Writes what waits for one head, until nothing does. */
  async #drain<T extends HeadFields>(
    kind: HeadKind<T>,
    id: string,
    waiting: Change<T>[],
    missing: () => TidemarkError,
  ): Promise<void> {
    const key = kind.keyOf(id);
    while (waiting.length > 0) {
      const taken: Change<T>[] = [];
      try {
        await this.#commit(kind, id, waiting, taken, missing);
      } catch (error) {
        for (const { reject } of taken.length > 0 ? taken : waiting.splice(0)) reject(error);
      }
    }
    this.#waiting.delete(key);
  }

  async #commit<T extends HeadFields>(
    kind: HeadKind<T>,
    id: string,
    waiting: Change<T>[],
    taken: Change<T>[],
    missing: () => TidemarkError,
  ): Promise<void> {
    const key = kind.keyOf(id);
    await this.#ready();
    for (let race = 0; ; race++) {
      await this.#pacer.turn(key);
      taken.push(...waiting.splice(0));
      const stored = await this.#read(kind, id);
      if (stored === undefined) throw missing();
      const { head, refused } = applyAll(stored.head, taken);
      const settle = (result: T) => {
        for (const change of taken) {
          if (refused.has(change)) change.reject(refused.get(change));
          else change.resolve(result);
        }
      };
      if (head === stored.head) return settle(head);
      const op = newNonce();
      const next = {
        ...head,
        rev: stored.head.rev + 1,
        ops: [...stored.head.ops, op].slice(-MOST_OPS),
        createdBy: stored.head.createdBy,
      } as T;
      const body = this.#bytesOf(kind, id, next);
      const written = await this.#announceAndWrite(kind, id, { content: next, rev: next.rev, body, etag: stored.etag });
      this.#pacer.written(key);
      if (written === "written" || (written === "unclear" && (await this.#hasOp(kind, id, op)))) {
        kind.onWritten?.(id, next);
        return settle(next);
      }
      await this.#pause(key, race);
    }
  }

  /** @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE` after many */
  async #pause(key: string, race: number): Promise<void> {
    if (race > MOST_RACES) {
      const message = `others change ${this.objects.describe(key)} faster than this process can`;
      throw new TidemarkError("TEMPORARILY_UNAVAILABLE", message);
    }
    await sleep(retryDelayMs(RACE_RETRY, Math.min(race + 1, 8), undefined));
  }

  async #announceAndWrite<T extends HeadFields>(
    kind: HeadKind<T>,
    id: string,
    { content, rev, body, etag }: Draft<T>,
  ): Promise<"written" | "refused" | "unclear"> {
    await kind.announce?.(id, content, rev);
    const announcedAt = Date.now();
    const written = await this.#write(kind.keyOf(id), body, etag);
    // An announcement that old may have been taken for that of a dead process: a laptop has slept, say.
    if (written !== "refused" && Date.now() - announcedAt > ANNOUNCEMENT_LASTS_MS)
      await kind.announce?.(id, content, rev);
    return written;
  }

  async #hasOp<T extends HeadFields>(kind: HeadKind<T>, id: string, op: string): Promise<boolean> {
    return (await this.read(kind, id))?.ops.includes(op) === true;
  }

  async #write(key: string, body: Uint8Array, etag: string | undefined): Promise<"written" | "refused" | "unclear"> {
    const condition = etag === undefined ? { ifAbsent: true as const } : { ifMatch: etag };
    try {
      const outcome = await this.objects.putIf(key, body, condition);
      if (outcome.status === "written") return "written";
      return outcome.mayHaveWritten ? "unclear" : "refused";
    } catch (error) {
      // Two at once: the other one may have failed too, so that the head is still what it was. Each storage has its own words for it; where two
      // make one head at the same moment versitygw takes it for a directory.
      if (error instanceof TidemarkError && error.details.httpStatus === 409) return "unclear";
      throw error;
    }
  }

  async #read<T extends HeadFields>(kind: HeadKind<T>, id: string): Promise<Stored<T> | undefined> {
    const key = kind.keyOf(id);
    const object = await this.objects.get(key, LARGEST_HEAD_BYTES);
    if (object === undefined) return undefined;
    return { head: parseHead(kind.schema, object.bytes, this.objects.describe(key)), etag: object.etag };
  }

  #bytesOf<T extends HeadFields>(kind: HeadKind<T>, id: string, head: T): Buffer {
    const bytes = Buffer.from(JSON.stringify(head));
    if (bytes.length <= LARGEST_HEAD_BYTES) return bytes;
    const message = `${this.objects.describe(kind.keyOf(id))} would have more than ${LARGEST_HEAD_BYTES} bytes`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message);
  }
}

/** Each change on what those before it have made; one that is refused changes nothing for the others. */
function applyAll<T extends HeadFields>(
  first: T,
  changes: readonly Change<T>[],
): { head: T; refused: Map<Change<T>, unknown> } {
  const refused = new Map<Change<T>, unknown>();
  let head = first;
  for (const change of changes) {
    try {
      head = change.apply(head) as unknown as T;
    } catch (error) {
      refused.set(change, error);
    }
  }
  return { head, refused };
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export const parseHead = <T>(schema: z.ZodType<T>, bytes: Buffer, place: string): T =>
  checkHead(schema, parseJson(bytes.toString("utf8"), place), place);

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(place, "is no JSON", error);
  }
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function checkHead<T>(schema: z.ZodType<T>, json: unknown, place: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(place, `is no head of a store: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, result.error);
}
