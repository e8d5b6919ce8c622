import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TidemarkError } from "../../../src/base/errors.ts";
import { MetricQueue, type MetricQueueOptions } from "../../../src/queue/metric-queue.ts";
import { quickRetry, Script, type Step } from "../../support/scripted-sink.ts";

function fill(queue: MetricQueue, count: number, first = 0, seriesId = queue.addSeries({ key: "loss" })): void {
  for (let i = first; i < first + count; i++) {
    const now = Date.now();
    queue.append(seriesId, i, now, i, now);
  }
}

const values = (script: Script) => script.taken.map(({ value }) => value);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof TidemarkError ? error.code : error),
  );

function expectBalanced(queue: MetricQueue): void {
  const { appended, acknowledged, rejected, dropped, pending } = queue.stats;
  expect(acknowledged + rejected + dropped + pending).toBe(appended);
}

describe.each([
  ["a synchronous sink", (script: Script) => script.sync()],
  ["an asynchronous sink", (script: Script) => script.async()],
])("MetricQueue before %s", (_, sinkOf) => {
  const start = (steps: Step[] = [], options: Partial<MetricQueueOptions> = {}, afterwards?: Step) => {
    const script = new Script(steps, afterwards);
    return { script, queue: new MetricQueue({ sink: sinkOf(script), flushIntervalMs: 5, ...options }) };
  };

  it("delivers everything once and in order", async () => {
    const { script, queue } = start();
    fill(queue, 10_000);
    await queue.flush();
    expect(values(script)).toEqual(upTo(10_000));
    expect(queue.stats).toMatchObject({ appended: 10_000, acknowledged: 10_000, pending: 0 });
  });

  it("delivers without a flush when the values are old enough", async () => {
    const { script, queue } = start();
    fill(queue, 10);
    await vi.waitFor(() => expect(values(script)).toEqual(upTo(10)), { timeout: 2_000 });
  });

  it.each<[string, Step[]]>([
    ["refuses once", [{ do: "refuse" }]],
    ["refuses five times", Array(5).fill({ do: "refuse" })],
    ["asks to wait", [{ do: "refuse", retryAfterMs: 20 }]],
    ["takes half a batch", [{ do: "take-some", share: 0.5 }]],
    ["takes every second value", [{ do: "take-odd" }, { do: "take-odd" }]],
    ["throws", [{ do: "throw" }]],
  ])("loses and repeats nothing when the sink %s", async (_name, steps) => {
    const { script, queue } = start(steps);
    fill(queue, 9_000);
    await queue.flush();
    expect([...values(script)].sort((a, b) => a - b)).toEqual(upTo(9_000));
    expect(queue.stats).toMatchObject({ acknowledged: 9_000, rejected: 0, dropped: 0, pending: 0 });
    expect(queue.stats.retries).toBeGreaterThan(0);
  });

  it("keeps the order through refusals and partial writes that take a prefix", async () => {
    const { script, queue } = start([
      { do: "take-some", share: 0.3 },
      { do: "refuse" },
      { do: "take-some", share: 0.7 },
    ]);
    fill(queue, 9_000);
    await queue.flush();
    expect(values(script)).toEqual(upTo(9_000));
  });

  it("takes out just the values a sink rejects, and tells it in the next flush only", async () => {
    const { script, queue } = start([], {}, { do: "reject-bad" });
    const id = queue.addSeries({ key: "loss" });
    for (const value of [1, -1, 2, -2, 3]) queue.append(id, value, 1, 0, Date.now());
    await expect(queue.flush()).rejects.toMatchObject({
      code: "FLUSH_INCOMPLETE",
      details: { rejected: 2, acknowledged: 3 },
    });
    expect(values(script)).toEqual([1, 2, 3]);
    await queue.flush();
    expectBalanced(queue);
  });

  it("finds the culprits itself when the sink does not name them", async () => {
    const { script, queue } = start([], {}, { do: "refuse-if-bad" });
    const id = queue.addSeries({ key: "loss" });
    for (let i = 0; i < 1_000; i++) queue.append(id, i === 17 || i === 500 || i === 999 ? -i : i, 1, i, Date.now());
    queue.appendParam({ key: "bad-param", value: "1" });
    queue.appendParam({ key: "good-param", value: "1" });
    await expect(queue.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
    expect(values(script)).toEqual(upTo(1_000).filter((i) => i !== 17 && i !== 500 && i !== 999));
    expect(script.params).toEqual(["good-param"]);
    expect(queue.stats).toMatchObject({ rejected: 4, acknowledged: 998, pending: 0 });
  });

  it("rejects a flush only after the retries are spent, and delivers when the sink comes back", async () => {
    const { script, queue } = start([], {}, { do: "refuse" });
    fill(queue, 100);
    const begun = performance.now();
    const error: unknown = await queue.flush().catch((reason: unknown) => reason);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(quickRetry.budgetMs);
    expect(error).toMatchObject({
      code: "FLUSH_INCOMPLETE",
      cause: { code: "STORAGE_ERROR" },
      details: { pending: 100 },
    });
    expect(script.writes).toBeGreaterThan(2);
    expect(script.count).toBe(0);
    expect(queue.stats).toMatchObject({ appended: 100, pending: 100, dropped: 0 });
  });

  it("gives a flush up at its time limit or signal, and forgets nothing", async () => {
    const { script, queue } = start([{ do: "refuse", retryAfterMs: 60 }]);
    fill(queue, 10);
    expect(await codeOf(queue.flush({ timeoutMs: 10 }))).toBe("DEADLINE_EXCEEDED");
    expect(await codeOf(queue.flush({ signal: AbortSignal.abort() }))).toBe("CANCELLED");
    await queue.flush();
    expect(values(script)).toEqual(upTo(10));
  });

  it("neither waits for nor forgets what is appended during a flush", async () => {
    const { script, queue } = start([{ do: "refuse" }, { do: "refuse" }]);
    fill(queue, 10);
    const flushed = queue.flush();
    fill(queue, 5_000, 10, 0);
    await flushed;
    expect(values(script).slice(0, 10)).toEqual(upTo(10));
    await queue.flush();
    expect(values(script)).toEqual(upTo(5_010));
  });

  it("settles concurrent flushes alike", async () => {
    const { queue } = start([], {}, { do: "reject-bad" });
    queue.append(queue.addSeries({ key: "loss" }), -1, 1, 0, Date.now());
    const codes = await Promise.all([codeOf(queue.flush()), codeOf(queue.flush())]);
    expect(codes).toContain("FLUSH_INCOMPLETE");
  });

  it("drops the newest values beyond its bound, counts them, and says so", async () => {
    const troubles: string[] = [];
    const { script, queue } = start(
      [],
      { maxPendingEntries: 10_000, onTrouble: (error) => troubles.push(error.code) },
      {
        do: "refuse",
      },
    );
    fill(queue, 50_000);
    queue.appendParam({ key: "kept", value: "1" });
    expect(queue.stats.dropped).toBeGreaterThan(30_000);
    expect(queue.stats.pending).toBeLessThanOrEqual(10_000 + 4_096 + 1);
    expectBalanced(queue);
    expect(troubles).toContain("QUEUE_FULL");
    expect(script.count).toBe(0);
  });

  it("closes once, refuses values afterwards, and counts what could not be delivered", async () => {
    const { script, queue } = start([], {}, { do: "refuse" });
    fill(queue, 100);
    const closing = queue.close({ timeoutMs: 200 });
    expect(queue.close()).toBe(closing);
    expect(() => queue.append(0, 1, 1, 1, Date.now())).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
    expect(() => queue.appendTag({ key: "a", value: "b" })).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
    await expect(closing).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE", details: { dropped: 100, pending: 0 } });
    expect(script.closed).toBe(1);
    expect(queue.stats).toMatchObject({ appended: 100, dropped: 100, pending: 0 });
  });

  it("delivers everything before it closes", async () => {
    const { script, queue } = start([{ do: "refuse" }, { do: "take-some", share: 0.5 }]);
    fill(queue, 20_000);
    queue.appendTag({ key: "tag", value: "1" });
    expect(await queue.close()).toMatchObject({ appended: 20_001, acknowledged: 20_001 });
    expect(values(script)).toEqual(upTo(20_000));
    expect(script.tags).toEqual(["tag"]);
  });

  it("survives callbacks that throw or log", async () => {
    const script = new Script([{ do: "refuse" }]);
    const queue: MetricQueue = new MetricQueue({
      sink: sinkOf(script),
      onTrouble: () => {
        queue.appendTag({ key: "trouble", value: "1" });
        throw new Error("from the user's callback");
      },
      onHandOver: () => {
        throw new Error("from a watcher");
      },
    });
    fill(queue, 5_000);
    await queue.flush();
    await queue.close();
    expect(values(script)).toEqual(upTo(5_000));
    expect(script.tags).toContain("trouble");
  });
});

describe("a blocked event loop", () => {
  afterEach(() => vi.restoreAllMocks());

  it("does not hold values back from a synchronous sink", () => {
    let now = 1_000_000;
    vi.spyOn(Date, "now").mockImplementation(() => Math.floor(now));
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const script = new Script();
    const sink = script.sync();
    const writeSync: typeof sink.writeSync = (batch) => {
      now += 0.02;
      return sink.writeSync(batch);
    };
    const queue = new MetricQueue({ sink: { ...sink, writeSync } });
    const id = queue.addSeries({ key: "loss" });
    for (let i = 0; i < 1_000; i++) {
      now += 1;
      queue.append(id, i, Date.now(), i, Date.now());
      // Not one turn of the event loop passes: a hand-over is due when 100 times the cost of the last has passed.
      expect(queue.stats.pending).toBeLessThanOrEqual(3);
    }
  });

  it("hands full chunks over at once, however short the time", () => {
    vi.spyOn(Date, "now").mockReturnValue(1_000);
    const script = new Script();
    const queue = new MetricQueue({ sink: script.sync() });
    fill(queue, 3 * 4_096);
    expect(script.taken.length).toBeGreaterThanOrEqual(2 * 4_096);
    expect(queue.stats.pending).toBeLessThan(4_096);
  });

  it("does not wait for a clock that was set back", () => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(10_000_000);
    const script = new Script();
    const queue = new MetricQueue({ sink: script.sync() });
    fill(queue, 2);
    clock.mockReturnValue(5_000);
    fill(queue, 1, 2, 0);
    expect(values(script)).toEqual([0, 1, 2]);
  });
});

describe("an asynchronous sink", () => {
  it("has at most one write in flight", async () => {
    let inFlight = 0;
    let most = 0;
    const queue = new MetricQueue({
      sink: {
        limits: { maxBatchValues: 100 },
        write: async () => {
          most = Math.max(most, ++inFlight);
          await delay(1);
          inFlight--;
          return { status: "ok" };
        },
        close: () => {},
      },
    });
    fill(queue, 2_000);
    await queue.flush();
    expect(most).toBe(1);
  });

  it("that hangs cannot hold up an end", async () => {
    const script = new Script([{ do: "hang" }]);
    const queue = new MetricQueue({ sink: script.async() });
    fill(queue, 10);
    expect(await codeOf(queue.flush({ timeoutMs: 20 }))).toBe("DEADLINE_EXCEEDED");
    await expect(queue.close({ timeoutMs: 20 })).rejects.toMatchObject({ details: { dropped: 10 } });
  });

  it("gets the pause it asked for, even while somebody waits", async () => {
    const writes: number[] = [];
    const script = new Script([{ do: "refuse", retryAfterMs: 50 }]);
    const sink = script.async();
    const write: typeof sink.write = (batch, signal) => {
      writes.push(performance.now());
      return sink.write(batch, signal);
    };
    const queue = new MetricQueue({ sink: { ...sink, write } });
    fill(queue, 10);
    await Promise.all([queue.flush(), delay(10).then(() => queue.flush())]);
    expect((writes[1] as number) - (writes[0] as number)).toBeGreaterThanOrEqual(48);
  });

  it("may change its mind how old values get, by how long the queue has been open", async () => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(10_000_000);
    const ages: number[] = [];
    let wishMs = 1_000;
    const flushIntervalMs = (ageMs: number) => {
      ages.push(ageMs);
      return wishMs;
    };
    let handOvers = 0;
    const sink = { ...new Script().async(), limits: { flushIntervalMs } };
    const queue = new MetricQueue({ sink, onHandOver: () => void handOvers++ });
    const seriesId = queue.addSeries({ key: "loss" });
    const handOversAfter = (passedMs: number) => {
      clock.mockReturnValue(10_000_000 + passedMs);
      fill(queue, 1, 0, seriesId);
      return handOvers;
    };
    expect([0, 999, 1_000, 1_999].map(handOversAfter)).toEqual([1, 1, 2, 2]);
    wishMs = 5_000;
    expect([2_000, 6_999, 7_000].map(handOversAfter)).toEqual([3, 3, 4]);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ages)).toBeLessThan(60_000);
    clock.mockRestore();
    await queue.close();
  });

  it("leaves nothing unread that could become an unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listener);
    const queue = new MetricQueue({ sink: new Script([], { do: "throw" }).async(), flushIntervalMs: 1 });
    fill(queue, 5_000);
    await delay(30);
    await queue.close({ timeoutMs: 10 }).catch(() => {});
    await delay(10);
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });
});
