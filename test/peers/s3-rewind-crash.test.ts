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

const BUCKET = "rewinds";
const LEAST_KILLS = 200;
const LEAST_REWINDS = 50;
const MORTALITY = { kills: 0.08, losses: 0.05 };
const KEYS = ["loss", "accuracy", "__proto__"];
const MARKS = ["a", "b", "c"];

describe.skipIf(leftOut("versitygw"))("a run in a bucket that is marked and taken back", () => {
  let server: Versitygw;
  let client: S3Client;
  beforeAll(async () => {
    server = await startVersitygw(BUCKET);
    const { address: endpoint, keys: credentials } = server;
    client = new S3Opener({ endpoint, region: "us-east-1", credentials }).bucket(BUCKET);
  });
  afterAll(() => server?.kill());

  it(`by programs that are killed ${LEAST_KILLS} times is as before each deed or as after it (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    const totals = { kills: 0, rewinds: 0 };
    while (totals.kills < LEAST_KILLS || totals.rewinds < LEAST_REWINDS) {
      const run = new MortalRun(client, random);
      await run.live();
      totals.kills += run.kills;
      totals.rewinds += run.rewinds;
    }
    console.log(`${totals.kills} kills, ${totals.rewinds} rewinds`);
  }, 600_000);

  it("at once by two programs is taken back by one of them", async () => {
    const run = new MortalRun(client, randomFrom(SEED));
    const metrics = run.metrics(client);
    await metrics.append(...batchOf([valueAt(0)]));
    await metrics.mark([{ name: "a", id: "1", time: 1 }]);
    await metrics.append(...batchOf([valueAt(1), valueAt(2)]));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, () => run.metrics(client).rewind({ mark: "a" })),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    // Whoever comes when another is done takes back what is taken back already.
    expect(refused.length).toBeLessThan(4);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "INVALID_STATE" });
    expect(await run.read(metrics)).toEqual(run.expected([0]));
  });
});

/** What the log holds at a position: the same whenever it comes there again, as a training that is repeated. */
function valueAt(position: number): LoggedValue {
  const key = KEYS[position % KEYS.length] as string;
  return { key, step: (position * 7) % 31, value: position, timestamp: 1_700_000_000_000 + (position % 5) };
}

/** One run with one program at a time, and two that put its segments together meanwhile. All of them are killed again and again. */
class MortalRun {
  kills = 0;
  rewinds = 0;
  readonly #client: S3Client;
  readonly #random: () => number;
  readonly #runId = randomUUID().replaceAll("-", "");
  /** Positions of the values that are there, as they were logged. */
  #log: readonly number[] = [];
  /** Of each mark, what was there. */
  #marks = new Map<string, readonly number[]>();

  constructor(client: S3Client, random: () => number) {
    this.#client = client;
    this.#random = random;
  }

  metrics(client: S3Client): RunMetrics {
    return new RunMetrics({ client, prefix: `runs/run=${this.#runId}/`, runId: this.#runId, writerId: "process" });
  }

  async live(): Promise<void> {
    let isOver = false;
    const compactors = [0, 1].map(async () => {
      while (!isOver) {
        await this.#attempt((metrics) => metrics.compact());
        await sleep(this.#random() * 30);
      }
    });
    for (let deed = 0; deed < 60; deed++) await this.#act();
    isOver = true;
    await Promise.all(compactors);
    await this.metrics(this.#client).compact();
    await this.#check("put together");
  }

  expected(log: readonly number[]): Record<string, number[]> {
    const values = log.map(valueAt);
    return Object.fromEntries(
      KEYS.map((key) => [
        key,
        values
          .filter((value) => value.key === key)
          .sort((a, b) => a.step - b.step || a.timestamp - b.timestamp)
          .map(({ value }) => value)
          .sort((a, b) => a - b),
      ]),
    );
  }

  async read(metrics: RunMetrics): Promise<Record<string, number[]>> {
    const histories = await Promise.all(
      KEYS.map(async (key) => [key, [...(await metrics.history(key)).values].sort((a, b) => a - b)] as const),
    );
    return Object.fromEntries(histories);
  }

  async #act(): Promise<void> {
    const kind = this.#random();
    if (kind < 0.45) await this.#append();
    else if (kind < 0.65) await this.#mark();
    else if (kind < 0.9) await this.#rewind();
    else await this.#rewindSteps();
  }

  async #append(): Promise<void> {
    const next = Math.max(-1, ...this.#log) + 1;
    const positions = Array.from({ length: 1 + Math.floor(this.#random() * 6) }, (_, n) => next + n);
    const isDone = await this.#attempt((metrics) => metrics.append(...batchOf(positions.map(valueAt))));
    await this.#settle(isDone, [...this.#log, ...positions]);
  }

  /** A mark that nobody has heard of is made again: it stays where it was. */
  async #mark(): Promise<void> {
    const name = MARKS[Math.floor(this.#random() * MARKS.length)] as string;
    const mark = { name, id: randomUUID(), time: this.#log.length };
    while (!(await this.#attempt((metrics) => metrics.mark([mark]))));
    this.#marks.delete(name);
    this.#marks.set(name, this.#log);
    await this.#check("marked");
  }

  async #rewind(): Promise<void> {
    const names = [...this.#marks.keys()];
    const name = names[Math.floor(this.#random() * names.length)];
    if (name === undefined) return;
    const before = [...this.#marks];
    const kept = new Set(this.#marks.get(name));
    const log = this.#log.filter((position) => kept.has(position));
    const isDone = await this.#attempt((metrics) => metrics.rewind({ mark: name }));
    const isBack = await this.#settle(isDone, log, async (metrics) => (await metrics.marks()).at(-1)?.name === name);
    if (!isBack) return;
    this.rewinds++;
    this.#marks = new Map(before.slice(0, names.indexOf(name) + 1));
  }

  async #rewindSteps(): Promise<void> {
    const limits = new Map(KEYS.slice(0, 2).map((key) => [key, Math.floor(this.#random() * 40)]));
    const isKept = (position: number) => {
      const { key, step } = valueAt(position);
      return step < (limits.get(key) ?? Number.POSITIVE_INFINITY);
    };
    const isDone = await this.#attempt((metrics) => metrics.rewind({ steps: limits }));
    const isBack = await this.#settle(isDone, this.#log.filter(isKept));
    if (isBack) for (const [name, log] of this.#marks) this.#marks.set(name, log.filter(isKept));
  }

  /** One life of a program. False where nobody knows whether it has done what it was to do. */
  async #attempt(deed: (metrics: RunMetrics) => Promise<void>): Promise<boolean> {
    try {
      await deed(this.metrics(new DyingS3Client(this.#client, this.#random, MORTALITY)));
      return true;
    } catch (error) {
      if (error instanceof Killed) this.kills++;
      else if (!isTransient(error)) throw error;
      return false;
    }
  }

  /** Finds out whether a deed was done. Answers whether it was. */
  async #settle(
    isDone: boolean,
    after: readonly number[],
    seesIt: (metrics: RunMetrics) => Promise<boolean> = async () => true,
  ): Promise<boolean> {
    const metrics = this.metrics(this.#client);
    const found = await this.read(metrics);
    const isAfter = JSON.stringify(found) === JSON.stringify(this.expected(after));
    if (isDone) expect(found).toEqual(this.expected(after));
    else if (!isAfter) expect(found).toEqual(this.expected(this.#log));
    const isBack = isDone || (isAfter && (await seesIt(metrics)));
    if (isAfter) this.#log = after;
    await this.#check("settled");
    return isBack;
  }

  async #check(when: string): Promise<void> {
    const metrics = this.metrics(this.#client);
    expect({ when, found: await this.read(metrics) }).toEqual({ when, found: this.expected(this.#log) });
    const latest = new Map((await metrics.latest()).map(({ key, step }) => [key, step]));
    const steps = (key: string) => this.#log.map(valueAt).flatMap((value) => (value.key === key ? value.step : []));
    const keys = KEYS.filter((key) => steps(key).length > 0);
    expect(latest).toEqual(new Map(keys.map((key) => [key, Math.max(...steps(key))])));
  }
}

/** This storage keeps objects as files, and stumbles where one comes while the last other one leaves the directory: the queue tries again. */
const isTransient = (error: unknown): boolean =>
  error instanceof TidemarkError &&
  (error.code === "TEMPORARILY_UNAVAILABLE" || error.details.storageCode === "ExistingObjectIsDirectory");
