import { processSlot } from "../../base/process-state.ts";
import { S3Client } from "../client.ts";
import type { ConditionalOutcome, PutOptions, WriteCondition } from "../object-requests.ts";

/** How the conditions of writes are kept: by the storage, or, where it does not, by whoever is alone with it. */
export type Concurrency = "many-writers" | "single-writer";

/** The last write of each object that is being written, in this process. */
const lines = () => processSlot("s3-single-writer", () => new Map<string, Promise<unknown>>());

/** The objects of a bucket, also of one that knows no conditions. */
export class StoreClient extends S3Client {
  /** Chosen when the storage has shown what it is. */
  concurrency: Concurrency = "many-writers";

  override async putIf(
    key: string,
    body: Uint8Array,
    condition: WriteCondition,
    options: PutOptions = {},
  ): Promise<ConditionalOutcome> {
    if (this.concurrency === "many-writers") return await super.putIf(key, body, condition, options);
    return await inLine(`${this.exchange.address.href} ${key}`, async () => {
      const there = await this.find(key, options);
      const holds = "ifAbsent" in condition ? there === undefined : there?.etag === condition.ifMatch;
      if (!holds) return { status: "refused", mayHaveWritten: false };
      return { status: "written", etag: await this.put(key, body, options) };
    });
  }
}

/** One after the other, for each name. */
async function inLine<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = lines().get(name) ?? Promise.resolve();
  const own = before.then(work);
  const settled = own.catch(() => {});
  lines().set(name, settled);
  try {
    return await own;
  } finally {
    if (lines().get(name) === settled) lines().delete(name);
  }
}
