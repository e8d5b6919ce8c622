import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { HttpResponse } from "../../src/net/http-types.ts";
import { S3Client } from "../../src/s3/client.ts";
import type { ListPage } from "../../src/s3/list-page.ts";
import { RunMetrics } from "../../src/s3/metrics/run-metrics.ts";
import type {
  ConditionalOutcome,
  GetOptions,
  ListOptions,
  PutOptions,
  S3RequestOptions,
} from "../../src/s3/object-requests.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { DyingS3Client } from "../support/dying-s3-client.ts";
import { batchOf, type LoggedValue } from "../support/metric-batches.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { BUCKET, type S3Server, s3Servers } from "../support/s3-servers.ts";

const value = (step: number, rest: Partial<LoggedValue> = {}): LoggedValue => ({
  key: "loss",
  value: step / 7,
  timestamp: 1_700_000_000_000 + step,
  step,
  ...rest,
});
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(s3Servers)("the metrics of a run at %s", (_name, peer, start) => {
  describe.skipIf(leftOut(peer))("", () => {
    let storage: S3Server;
    let client: S3Client;
    beforeAll(async () => {
      storage = await start();
      client = new S3Opener(storage.options).bucket(BUCKET);
    });
    afterAll(() => storage?.kill());

    /** A run that nobody has written to, as several processes see it. */
    function newRun() {
      const runId = randomUUID().replaceAll("-", "");
      const prefix = `store/runs/run=${runId}/`;
      const open = (as: S3Client = client) => new RunMetrics({ client: as, prefix, runId, writerId: "process" });
      const keys = async (folder = "") =>
        (await client.listPage({ prefix: prefix + folder })).objects.map(({ key }) => key.slice(prefix.length));
      return { runId, prefix, open, keys };
    }

    const append = async (metrics: RunMetrics, ...values: LoggedValue[]) => metrics.append(...batchOf(values));
    const stepsOf = async (metrics: RunMetrics, key = "loss") => [...(await metrics.history(key)).steps];

    it("are nothing before the first", async () => {
      const metrics = newRun().open();
      await metrics.append(...batchOf([]));
      expect(await metrics.history("loss")).toEqual({
        steps: new Float64Array(),
        timestamps: new Float64Array(),
        values: new Float64Array(),
      });
      expect([await metrics.latest(), await metrics.lastWriteTime()]).toEqual([[], undefined]);
      await metrics.compact();
    });

    it("are what several writers have logged, before and after they are put together", async () => {
      const { open, keys } = newRun();
      const [first, second] = [open(), open()];
      const model = { modelId: "m-1", dataset: { name: "d", digest: "1" } };
      await append(first, value(3), value(1), value(1, { value: -0 }), value(0, { key: "nan", value: Number.NaN }));
      await append(second, value(2), value(-5, { value: Number.NEGATIVE_INFINITY }));
      await append(first, value(2 ** 53 - 1, { value: 5e-324, timestamp: 1, ...model }));
      const check = async (metrics: RunMetrics) => {
        const { steps, timestamps, values } = await metrics.history("loss");
        expect([...steps]).toEqual([-5, 1, 1, 2, 3, 2 ** 53 - 1]);
        expect([...values]).toEqual([Number.NEGATIVE_INFINITY, 1 / 7, -0, 2 / 7, 3 / 7, 5e-324]);
        expect(timestamps.slice(4)).toEqual(Float64Array.of(1_700_000_000_003, 1));
        expect((await metrics.latest()).map(({ key, value }) => [key, value]).sort()).toEqual([
          ["loss", 5e-324],
          ["nan", Number.NaN],
        ]);
        expect(await metrics.modelMetrics("m-1")).toMatchObject([
          { key: "loss", value: 5e-324, step: 2 ** 53 - 1, datasetName: "d", datasetDigest: "1" },
        ]);
        expect(await metrics.modelMetrics("m-2")).toEqual([]);
      };
      await check(open());
      expect(await keys("seg/")).toHaveLength(3);
      await first.compact();
      await check(open());
      expect([await keys("seg/"), (await keys("cmp/")).length]).toEqual([[], 1]);
    });

    it("are as fresh as their last segment, also when it is put together", async () => {
      const { open, prefix } = newRun();
      const metrics = open();
      await append(metrics, value(1));
      await append(metrics, value(2));
      const listed = (await client.listPage({ prefix: `${prefix}seg/` })).objects.map(
        ({ lastModified }) => +lastModified,
      );
      expect(await metrics.lastWriteTime()).toBe(Math.max(...listed));
      await metrics.compact();
      expect(await metrics.lastWriteTime()).toBe(Math.max(...listed));
    });

    it("are cut into segments, each written once although its answer was lost", async () => {
      const { open, keys, prefix } = newRun();
      const random = randomFrom(SEED);
      const dying = new DyingS3Client(client, random, { kills: 0, losses: 0.4 });
      const metrics = open(dying);
      // Nothing here can be made smaller, so segments of the usual number of rows are too large.
      const values = upTo(40_000).map((step) =>
        value(step, { value: random(), timestamp: Math.floor(random() * 2 ** 52), key: `key-${step % 7}` }),
      );
      for (let tries = 0; tries < 200; tries++) {
        const isDone = await append(metrics, ...values).then(
          () => true,
          () => false,
        );
        if (isDone) break;
      }
      const { objects } = await client.listPage({ prefix: `${prefix}seg/` });
      expect(objects.length).toBe(3);
      for (const { sizeBytes } of objects) expect(sizeBytes).toBeLessThanOrEqual(256 << 10);
      expect((await keys("seg/")).map((key) => /\/(\d{8})-/.exec(key)?.[1])).toEqual(
        upTo(3).map((i) => `0000000${i + 1}`),
      );
      const found = await Promise.all(upTo(7).map(async (i) => (await stepsOf(open(), `key-${i}`)).length));
      expect(found.reduce((a, b) => a + b)).toBe(40_000);
    });

    it("are put together by themselves when there are 64 segments", async () => {
      const { open, keys } = newRun();
      const metrics = open();
      for (const step of upTo(64)) await append(metrics, value(step));
      await vi.waitFor(async () => expect(await keys("seg/")).toEqual([]), { timeout: 20_000 });
      await append(metrics, value(64));
      expect(await stepsOf(open())).toEqual(upTo(65));
      expect(await keys("cmp/")).toHaveLength(1);
    });

    it("are not there twice when a segment comes again that was put together and deleted", async () => {
      const { open, keys } = newRun();
      const dying = new DyingS3Client(client, () => 1, { kills: 0, losses: 0 });
      await append(open(dying), value(1), value(2));
      await open().compact();
      for (const [key, bytes] of dying.written) await client.put(key, bytes);
      expect(await keys("seg/")).toHaveLength(1);
      expect(await stepsOf(open())).toEqual([1, 2]);
      expect(await open().latest()).toHaveLength(1);
      await append(open(), value(3));
      await open().compact();
      expect(await stepsOf(open())).toEqual([1, 2, 3]);
      expect([(await keys("seg/")).length, (await keys("cmp/")).length]).toEqual([0, 1]);
    });

    it("are not lost when a list shows a writer's newest segment and not the one before", async () => {
      const { open } = newRun();
      const metrics = open();
      await append(metrics, value(1));
      await append(metrics, value(2));
      await append(metrics, value(3));
      const hiding = new HidingClient(client, /\/00000002-/);
      await open(hiding).compact();
      expect(hiding.hidden).toBe(1);
      expect(await stepsOf(open())).toEqual([1, 2, 3]);
    });

    describe.each([
      ["for the first time", false],
      ["once more", true],
    ])("before whichever request it happens that another puts them together %s", (_when, isCompacted) => {
      /** Then there are more of them, and all are put together, before the request of this number. */
      async function interrupted(before: number) {
        const run = newRun();
        for (const step of upTo(3)) await append(run.open(), value(step));
        if (isCompacted) await run.open().compact();
        for (const step of upTo(3)) await append(run.open(), value(3 + step));
        const other = new InterruptedClient(client, before, async () => {
          await append(run.open(), value(6));
          await run.open().compact();
        });
        return { run, metrics: run.open(other), other };
      }

      it("are whole for those who read them", async () => {
        let isReached = true;
        for (let before = 1; isReached; before++) {
          const { metrics, other } = await interrupted(before);
          const steps = await stepsOf(metrics);
          isReached = other.isInterrupted;
          expect({ before, steps: steps.slice(0, 6) }).toEqual({ before, steps: upTo(6) });
          if (!isReached) expect(before).toBeGreaterThan(6);
        }
      });

      it("are neither lost nor doubled by two who do it at once", async () => {
        let isReached = true;
        for (let before = 1; isReached; before++) {
          const { run, metrics, other } = await interrupted(before);
          await metrics.compact();
          isReached = other.isInterrupted;
          const steps = await stepsOf(run.open());
          expect({ before, steps }).toEqual({ before, steps: upTo(isReached ? 7 : 6) });
          expect({ before, cmp: (await run.keys("cmp/")).length }).toEqual({ before, cmp: 1 });
          if (!isReached) expect(before).toBeGreaterThan(10);
        }
      });
    });

    it("leave nothing behind that no manifest will ever name, and leave alone what one may", async () => {
      const { open, keys, prefix } = newRun();
      await append(open(), value(1));
      await open().compact();
      const [listed] = await keys("cmp/");
      const lost = "00000001-lost.parquet";
      const early = "00000002-early.parquet";
      for (const name of [lost, early, "notes.txt"]) await client.put(`${prefix}cmp/${name}`, new Uint8Array(1));
      await append(open(), value(2));
      await open().compact();
      const left = await keys("cmp/");
      expect(left).not.toContain(`cmp/${lost}`);
      expect(left).not.toContain(listed);
      expect(left).toEqual(expect.arrayContaining([`cmp/${early}`, "cmp/notes.txt"]));
      expect(left).toHaveLength(3);
      expect(await stepsOf(open())).toEqual([1, 2]);
    });

    it("are read past what others have put beside them", async () => {
      const { open, prefix } = newRun();
      await append(open(), value(1));
      for (const name of ["seg/readme.txt", "seg/w/1.parquet", "seg/w/x/00000001-1-1-1.parquet"])
        await client.put(prefix + name, new Uint8Array(3));
      expect(await stepsOf(open())).toEqual([1]);
      await open().compact();
      expect(await stepsOf(open())).toEqual([1]);
    });

    it.each([
      ["a manifest that is none", "metrics.json", "{}", "DATA_DAMAGED"],
      ["a manifest of a later format", "metrics.json", '{"format":3}', "NOT_IMPLEMENTED"],
      [
        "a manifest that names what is not there",
        "metrics.json",
        '{"format":1,"rev":1,"op":"x","hwm":{"__proto__":3},"objs":[{"name":"00000001-x.parquet","rows":1,"bytes":9}]}',
        "DATA_DAMAGED",
      ],
      [
        "a manifest that names something elsewhere",
        "metrics.json",
        '{"format":1,"rev":1,"op":"x","hwm":{},"objs":[{"name":"../../../secret","rows":1,"bytes":9}]}',
        "DATA_DAMAGED",
      ],
      ["a segment that is none", "seg/w/00000001-1-1-1.parquet", "no Parquet at all", "DATA_DAMAGED"],
      ["an empty segment", "seg/w/00000001-1-1-1.parquet", "", "DATA_DAMAGED"],
    ])("are refused with %s, and nothing is deleted for it", async (_what, name, text, code) => {
      const { open, prefix, keys } = newRun();
      await append(open(), value(1));
      await client.put(prefix + name, Buffer.from(text));
      const before = await keys();
      const refusal = expect.objectContaining({ code, message: expect.stringContaining(prefix) });
      await expect(open().history("loss")).rejects.toEqual(refusal);
      await expect(open().latest()).rejects.toEqual(refusal);
      await expect(open().compact()).rejects.toEqual(refusal);
      expect(await keys()).toEqual(before);
    });

    it("say which argument is wrong", () => {
      const parts = { client, prefix: "runs/run=1/", runId: "1", writerId: "w" };
      expect(() => new RunMetrics({ ...parts, prefix: "runs/run=1" })).toThrow(/^prefix: /);
      expect(() => new RunMetrics({ ...parts, writerId: "a/b" })).toThrow(/^writerId: /);
    });
  });
});

/** Does not see some objects the first time. */
class HidingClient extends S3Client {
  hidden = 0;
  readonly #what: RegExp;

  constructor({ exchange }: S3Client, what: RegExp) {
    super(exchange);
    this.#what = what;
  }

  override async listPage(options?: ListOptions): Promise<ListPage> {
    const page = await super.listPage(options);
    const seen = page.objects.filter(({ key }) => this.hidden > 0 || !this.#what.test(key));
    this.hidden += page.objects.length - seen.length;
    return { ...page, objects: seen };
  }
}

/** Something happens before the request of some number, counted from 1. */
class InterruptedClient extends S3Client {
  isInterrupted = false;
  readonly #before: number;
  readonly #what: () => Promise<void>;
  #requests = 0;

  constructor({ exchange }: S3Client, before: number, what: () => Promise<void>) {
    super(exchange);
    this.#before = before;
    this.#what = what;
  }

  override async open(key: string, options?: GetOptions): Promise<HttpResponse> {
    await this.#interrupt();
    return await super.open(key, options);
  }

  override async put(key: string, body: Uint8Array, options?: PutOptions): Promise<string> {
    await this.#interrupt();
    return await super.put(key, body, options);
  }

  override async putIf(...call: Parameters<S3Client["putIf"]>): Promise<ConditionalOutcome> {
    await this.#interrupt();
    return await super.putIf(...call);
  }

  override async delete(key: string, options?: S3RequestOptions): Promise<void> {
    await this.#interrupt();
    await super.delete(key, options);
  }

  override async listPage(options?: ListOptions): Promise<ListPage> {
    await this.#interrupt();
    return await super.listPage(options);
  }

  async #interrupt(): Promise<void> {
    if (++this.#requests !== this.#before) return;
    this.isInterrupted = true;
    await this.#what();
  }
}
