import { describe, expect, it } from "vitest";
import { TidemarkError } from "../../../src/base/errors.ts";
import { MetricQueue, type MetricQueueOptions } from "../../../src/queue/metric-queue.ts";
import { ScriptedJournal } from "../../support/scripted-journal.ts";
import { quickRetry, Script, type Step } from "../../support/scripted-sink.ts";

function start(steps: Step[] = [], afterwards?: Step, options: Partial<MetricQueueOptions> = {}) {
  const script = new Script(steps, afterwards);
  const journal = new ScriptedJournal();
  const queue = new MetricQueue({ sink: script.async(quickRetry), journal, flushIntervalMs: 5, ...options });
  const id = queue.addSeries({ key: "loss" });
  const fill = (from: number, to: number) => {
    for (let i = from; i < to; i++) queue.append(id, i, Date.now(), i, Date.now());
  };
  return { script, journal, queue, fill };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("a journal before an asynchronous sink", () => {
  it("has everything before the sink sees it, and is retired as the sink takes it", async () => {
    const { script, journal, queue, fill } = start();
    fill(0, 20_000);
    const journaled = journal.records.length;
    expect(journaled).toBeGreaterThan(0);
    expect(script.writes).toBe(0);
    await queue.flush();
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(20_000));
    expect(journal.retiredTo).toBe(journal.records.length);
    expect(queue.stats.spooled).toBe(0);
  });

  it("keeps memory bounded while the sink stands still, and gives back all of it in order", async () => {
    const { script, journal, queue, fill } = start([], undefined, { maxPendingEntries: 50_000 });
    // No turn of the event loop: the sink cannot take anything meanwhile.
    fill(0, 300_000);
    expect(queue.stats).toMatchObject({ appended: 300_000, dropped: 0 });
    expect(queue.stats.spooled).toBeGreaterThan(290_000);
    expect(journal.reads).toBe(0);
    await queue.flush();
    expect(script.taken.length).toBe(300_000);
    expect(script.taken.every(({ value }, index) => value === index)).toBe(true);
    expect(journal.retiredTo).toBe(journal.records.length);
  });

  it("joins small records when it catches up", async () => {
    const { script, queue, fill } = start(Array(3).fill({ do: "refuse" }));
    fill(0, 100_000);
    for (let i = 100_000; i < 100_300; i++) {
      fill(i, i + 1);
      await queue.flush({ accept: "spooled" }).catch(() => {});
    }
    await queue.flush();
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(100_300));
    expect(script.writes).toBeLessThan(100);
  });

  it("joins small segments while they wait in memory", async () => {
    const script = new Script();
    const { limits, write, close } = script.async(quickRetry);
    let isAway = true;
    const error = new TidemarkError("TEMPORARILY_UNAVAILABLE", "away");
    const { queue, fill } = start([], undefined, {
      sink: {
        limits,
        write: async (batch, signal) => (isAway ? { status: "retryable", error } : await write(batch, signal)),
        close,
      },
    });
    for (let i = 0; i < 200; i++) {
      fill(i, i + 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    isAway = false;
    await queue.flush();
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(200));
    expect(script.writes).toBeLessThan(10);
  });

  it("lets the first value after a silence wait for others: it need not travel alone", async () => {
    const { script, journal, queue, fill } = start([], undefined, { flushIntervalMs: 60_000 });
    fill(0, 10);
    expect(journal.records.length).toBeGreaterThan(0);
    await queue.flush();
    expect(script.taken.length).toBe(10);
    expect(script.writes).toBe(1);
  });

  it("is enough for a flush that accepts the spool", async () => {
    const { script, journal, queue, fill } = start([], { do: "refuse" });
    fill(0, 10);
    await queue.flush({ accept: "spooled", durable: true });
    expect(script.count).toBe(0);
    expect(journal.durable).toBe(1);
    await expect(queue.flush({ timeoutMs: 10 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("keeps what a dead sink has not taken when the run ends: nothing is lost, nothing dropped", async () => {
    const { journal, queue, fill } = start([], { do: "refuse" });
    fill(0, 10_000);
    const stats = await queue.close({ timeoutMs: 20 });
    expect(stats).toMatchObject({ appended: 10_000, dropped: 0, pending: 10_000, spooled: 10_000 });
    expect(journal.retiredTo).toBe(0);
    expect(journal.closed).toBe(1);
    const replayed = journal.records.flatMap((record) =>
      record === undefined ? [] : Array.from(record.metrics.values.subarray(0, record.metrics.length)),
    );
    expect(replayed).toEqual(upTo(10_000));
  });

  it("gets what is left at the end of a process", () => {
    const { script, journal, queue, fill } = start([], undefined, { flushIntervalMs: 60_000 });
    fill(0, 5_000);
    queue.appendParam({ key: "lr", value: "0.1" });
    queue.writeOutSync();
    expect(script.count).toBe(0);
    expect(queue.stats).toMatchObject({ appended: 5_001, pending: 5_001, spooled: 5_001, dropped: 0 });
    expect(journal.records.flatMap((record) => record?.params ?? [])).toHaveLength(1);
  });

  it("that fails leaves the values in memory, which delivers them", async () => {
    const troubles: string[] = [];
    const { script, journal, queue, fill } = start([], undefined, {
      onTrouble: (error) => troubles.push(error.message),
    });
    journal.fails = () => "full";
    fill(0, 20_000);
    await queue.flush();
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(20_000));
    expect(troubles[0]).toContain("the journal is full");
  });

  it("that fails bounds memory by dropping, counted and reported", () => {
    const troubles: string[] = [];
    const options = { maxPendingEntries: 10_000, onTrouble: (error: { code: string }) => troubles.push(error.code) };
    const { journal, queue, fill } = start([], { do: "refuse" }, options);
    journal.fails = () => "failed";
    fill(0, 100_000);
    expect(queue.stats.dropped).toBeGreaterThan(80_000);
    expect(queue.stats.pending).toBeLessThan(15_000);
    expect(troubles).toContain("QUEUE_FULL");
  });

  it("that loses records is noticed and counted", async () => {
    const { script, journal, queue, fill } = start();
    fill(0, 100_000);
    journal.records.fill(undefined, 15);
    await expect(queue.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
    const { appended, acknowledged, dropped, pending } = queue.stats;
    expect(acknowledged).toBe(script.taken.length);
    expect(pending).toBe(0);
    expect(acknowledged + dropped).toBe(appended);
  });
});
