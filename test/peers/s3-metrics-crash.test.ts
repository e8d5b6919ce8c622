import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TidemarkError } from "../../src/base/errors.ts";
import type { S3Client } from "../../src/s3/client.ts";
import { RunMetrics } from "../../src/s3/metrics/run-metrics.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { DyingS3Client, Killed } from "../support/dying-s3-client.ts";
import { batchOf, type LoggedValue } from "../support/metric-batches.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

const BUCKET = "metrics";
const LEAST_KILLS = 500;
const KEYS = ["loss", "accuracy", "val/ü", "lr"];
const MORTALITY = { kills: 0.12, losses: 0.05 };
const LIVES = 8;
const HAND_OVERS_A_LIFE = 25;

describe.skipIf(leftOut("versitygw"))("metrics in a bucket", () => {
  let server: Versitygw;
  let client: S3Client;
  beforeAll(async () => {
    server = await startVersitygw(BUCKET);
    const { address: endpoint, keys: credentials } = server;
    client = new S3Opener({ endpoint, region: "us-east-1", credentials }).bucket(BUCKET);
  });
  afterAll(() => server?.kill());

  it(`of processes that are killed ${LEAST_KILLS} times are neither lost nor doubled (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    let kills = 0;
    while (kills < LEAST_KILLS) {
      const run = new MortalRun(client, random);
      await run.live();
      await run.check("at the end");
      kills += run.kills;
      await Promise.all([run.healthy().compact(), run.healthy().compact()]);
      await run.check("put together by two");
      expect(await run.objects(), "compacted files and segments").toEqual({ cmp: 1, seg: 0 });
      await run.putAllOnceMore();
      await run.check("with every segment put once more");
      await run.healthy().compact();
      await run.check("put together once more");
    }
    console.log(`${kills} kills`);
  }, 900_000);
});

/** One run that two processes write, two put together, and one watches. All but the last are killed again and again. */
class MortalRun {
  kills = 0;
  readonly #client: S3Client;
  readonly #random: () => number;
  readonly #runId = randomUUID().replaceAll("-", "");
  readonly #prefix = `store/runs/run=${this.#runId}/`;
  readonly #programs: readonly { waiting: LoggedValue[]; acknowledged: LoggedValue[] }[] = [
    { waiting: [], acknowledged: [] },
    { waiting: [], acknowledged: [] },
  ];
  readonly #written = new Map<string, Uint8Array>();
  #nextStep = 0;

  constructor(client: S3Client, random: () => number) {
    this.#client = client;
    this.#random = random;
  }

  healthy(): RunMetrics {
    return this.#metrics(this.#client);
  }

  async live(): Promise<void> {
    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        await this.check("meanwhile");
        await sleep(20);
      }
    };
    const writers = this.#programs.map((program) => this.#lives(() => this.#write(program)));
    const compactors = [0, 1].map(() => this.#lives(() => this.#compact(() => isOver)));
    const all = Promise.all(writers).finally(() => {
      isOver = true;
    });
    await Promise.all([all, ...compactors, watch()]);
  }

  /** Every value that was acknowledged before is there once, and nothing twice. */
  async check(when: string): Promise<void> {
    const acknowledged = this.#programs.flatMap((program) => [...program.acknowledged]);
    const metrics = this.healthy();
    const histories = await Promise.all(KEYS.map(async (key) => ({ key, history: await metrics.history(key) })));
    const found = new Map<string, number>();
    for (const { key, history } of histories) {
      for (const [i, step] of history.steps.entries()) {
        const name = nameOf({
          key,
          step,
          value: history.values[i] as number,
          timestamp: history.timestamps[i] as number,
        });
        found.set(name, (found.get(name) ?? 0) + 1);
      }
    }
    const lost = acknowledged.filter((value) => !found.has(nameOf(value)));
    const doubled = [...found].filter(([, count]) => count > 1);
    expect({ when, lost, doubled }).toEqual({ when, lost: [], doubled: [] });
  }

  async objects(): Promise<Record<string, number>> {
    const count = async (folder: string) =>
      (await this.#client.listPage({ prefix: `${this.#prefix}${folder}/` })).objects.length;
    return { cmp: await count("cmp"), seg: await count("seg") };
  }

  /** As if every request had been under way for all this time. */
  async putAllOnceMore(): Promise<void> {
    for (const [key, bytes] of this.#written) {
      if (key.includes("/seg/")) await this.#client.putIf(key, bytes, { ifAbsent: true });
    }
  }

  #metrics(client: S3Client): RunMetrics {
    return new RunMetrics({ client, prefix: this.#prefix, runId: this.#runId, writerId: "process" });
  }

  async #lives(live: () => Promise<void>): Promise<void> {
    for (let life = 0; life < LIVES; life++) {
      try {
        await live();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        this.kills++;
      }
    }
  }

  #dying(): DyingS3Client {
    const client = new DyingS3Client(this.#client, this.#random, MORTALITY);
    return client;
  }

  async #write(program: { waiting: LoggedValue[]; acknowledged: LoggedValue[] }): Promise<void> {
    const client = this.#dying();
    const metrics = this.#metrics(client);
    try {
      for (let count = 0; count < HAND_OVERS_A_LIFE; count++) {
        for (let more = this.#upTo(20); more > 0; more--) program.waiting.push(this.#newValue());
        // What was not acknowledged is cut in another way now and then, as when a spool is read back.
        const batch = program.waiting.slice(0, this.#upTo(program.waiting.length));
        await tolerant(async () => {
          await metrics.append(...batchOf(batch));
          program.acknowledged.push(...program.waiting.splice(0, batch.length));
        });
        if (this.#random() < 0.1) await tolerant(() => metrics.compact());
      }
    } finally {
      for (const [key, bytes] of client.written) this.#written.set(key, bytes);
    }
  }

  async #compact(isOver: () => boolean): Promise<void> {
    const metrics = this.#metrics(this.#dying());
    while (!isOver()) {
      await tolerant(() => metrics.compact());
      await sleep(this.#random() * 20);
    }
  }

  #newValue(): LoggedValue {
    const step = this.#nextStep++;
    const key = KEYS[this.#upTo(KEYS.length) - 1] as string;
    return { key, step, value: this.#random(), timestamp: 1_700_000_000_000 + step };
  }

  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }
}

/** Goes on where an answer was lost, as the queue does. */
async function tolerant(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === "TEMPORARILY_UNAVAILABLE")) throw error;
  }
}

const nameOf = ({ key, step, value, timestamp }: LoggedValue): string => `${key} ${step} ${value} ${timestamp}`;
