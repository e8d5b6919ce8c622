import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { CHUNK_VALUES } from "../../../src/queue/column-chunk.ts";
import { MetricQueue, type MetricQueueOptions } from "../../../src/queue/metric-queue.ts";
import { Outbox } from "../../../src/queue/outbox.ts";
import { ScriptedJournal } from "../../support/scripted-journal.ts";
import { quickRetry, Script, type Step } from "../../support/scripted-sink.ts";

const FULL = 32_768;
/** Longer than any test. */
const NEVER_MS = 600_000;

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const turn = () => delay(20);

/** What is logged gets no older by itself, however slow the machine is. */
function standingClock() {
  let now = 1_000_000;
  const mock = vi.spyOn(Date, "now").mockImplementation(() => now);
  onTestFinished(() => mock.mockRestore());
  return {
    advance: (byMs: number) => {
      now += byMs;
    },
  };
}

function recording(steps: Step[] = [], maxBatchValues = FULL) {
  const script = new Script(steps);
  const sizes: number[] = [];
  const { write, ...sink } = script.async(quickRetry, maxBatchValues);
  return {
    script,
    /** Of the batches, one after the other. */
    sizes,
    sink: {
      ...sink,
      write: ((batch, signal) => {
        sizes.push(batch.metrics.length);
        return write(batch, signal);
      }) satisfies typeof write,
    },
  };
}

describe.each([
  ["with a journal", () => new ScriptedJournal()],
  ["without a journal", () => undefined],
])("a sink that asks for eight chunks at a time, %s", (_, makeJournal) => {
  function start(steps: Step[] = [], options: Partial<MetricQueueOptions> = {}, maxBatchValues = FULL) {
    const { script, sizes, sink } = recording(steps, maxBatchValues);
    const journal = makeJournal();
    const queue = new MetricQueue({
      sink,
      flushIntervalMs: NEVER_MS,
      ...(journal === undefined ? {} : { journal }),
      ...options,
    });
    onTestFinished(() => void queue.close({ timeoutMs: 100 }).catch(() => {}));
    const id = queue.addSeries({ key: "loss" });
    const fill = (from: number, to: number) => {
      for (let i = from; i < to; i++) queue.append(id, i, Date.now(), i, Date.now());
    };
    return { script, sizes, journal, queue, fill };
  }

  it("gets that many, and the rest when it is old enough", async () => {
    const clock = standingClock();
    const { script, sizes, queue, fill } = start([], { flushIntervalMs: 100 });
    fill(0, FULL + 2 * CHUNK_VALUES + 10);
    await vi.waitFor(() => expect(sizes).toEqual([FULL]));
    clock.advance(100);
    await vi.waitFor(() => expect(queue.stats.pending).toBe(0), { timeout: 5_000 });
    expect(sizes).toEqual([FULL, 2 * CHUNK_VALUES + 10]);
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(FULL + 2 * CHUNK_VALUES + 10));
  });

  it("gets nothing before there are that many", async () => {
    const { sizes, journal, queue, fill } = start();
    fill(0, 7 * CHUNK_VALUES);
    await turn();
    expect(sizes).toEqual([]);
    // They are safe all the same.
    if (journal !== undefined) expect(queue.stats.spooled).toBe(7 * CHUNK_VALUES);
    fill(7 * CHUNK_VALUES, FULL);
    await vi.waitFor(() => expect(sizes).toEqual([FULL]));
  });

  it("gets them as they come together while it writes, and not in pieces", async () => {
    const { sizes, queue, fill } = start();
    for (let from = 0; from < 3 * FULL; from += CHUNK_VALUES) {
      fill(from, from + CHUNK_VALUES);
      await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(queue.stats.pending).toBe(0));
    expect(sizes).toEqual([FULL, FULL, FULL]);
  });

  it("gets what is left when it is old enough, also where only the journal has it", async () => {
    const clock = standingClock();
    const { script, sizes, sink } = recording();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { write } = sink;
    const slow = { ...sink, write: (...args: Parameters<typeof write>) => gate.then(() => write(...args)) };
    const { queue, fill } = start([], { sink: slow, flushIntervalMs: 100 });
    fill(0, FULL);
    await turn();
    fill(FULL, FULL + CHUNK_VALUES);
    go();
    await vi.waitFor(() => expect(sizes).toEqual([FULL]));
    clock.advance(100);
    await vi.waitFor(() => expect(queue.stats.pending).toBe(0), { timeout: 5_000 });
    expect(sizes).toEqual([FULL, CHUNK_VALUES]);
    expect(script.taken).toHaveLength(FULL + CHUNK_VALUES);
  });

  it("gets at once what a flush asks for, and no more than that", async () => {
    const { script, sizes, queue, fill } = start();
    fill(0, 2 * CHUNK_VALUES + 5);
    const flushed = queue.flush();
    fill(2 * CHUNK_VALUES + 5, 5 * CHUNK_VALUES);
    await flushed;
    expect(sizes).toEqual([2 * CHUNK_VALUES + 5]);
    await queue.close();
    expect(sizes).toEqual([2 * CHUNK_VALUES + 5, 3 * CHUNK_VALUES - 5]);
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(5 * CHUNK_VALUES));
  });

  it("gets the same again after a failure, whatever has come meanwhile", async () => {
    const { script, sizes, queue, fill } = start([{ do: "refuse", retryAfterMs: 120 }, { do: "throw" }]);
    fill(0, CHUNK_VALUES + 1);
    const flushed = queue.flush();
    await vi.waitFor(() => expect(sizes).toEqual([CHUNK_VALUES + 1]));
    fill(CHUNK_VALUES + 1, 4 * CHUNK_VALUES);
    await flushed;
    expect(sizes).toEqual(Array(3).fill(CHUNK_VALUES + 1));
    await queue.flush();
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(4 * CHUNK_VALUES));
  });

  it("loses and doubles nothing where it takes them in part", async () => {
    const { script, queue, fill } = start([{ do: "take-odd" }, { do: "take-some", share: 0.3 }, { do: "refuse" }]);
    fill(0, FULL + 100);
    await queue.flush();
    expect(script.taken.map(({ value }) => value).sort((a, b) => a - b)).toEqual(upTo(FULL + 100));
  });

  it("gets no more than the queue keeps in memory, however many it asks for", async () => {
    const { sizes, queue, fill } = start([], {}, 10_000_000);
    fill(0, 3 * FULL);
    await queue.flush();
    expect(sizes).toEqual([FULL, FULL, FULL]);
  });
});

describe("what a journal keeps", () => {
  it("comes back in batches of that many", async () => {
    const { script, sizes, sink } = recording();
    const journal = new ScriptedJournal();
    const queue = new MetricQueue({ sink, journal, flushIntervalMs: NEVER_MS });
    const id = queue.addSeries({ key: "loss" });
    // No turn of the event loop: the head is full, and all behind it is on the journal only.
    for (let i = 0; i < 4 * FULL + 3; i++) queue.append(id, i, i, i, Date.now());
    expect(journal.reads).toBe(0);
    await queue.flush();
    expect(sizes).toEqual([FULL, FULL, FULL, FULL, 3]);
    expect(script.taken.map(({ value }) => value)).toEqual(upTo(4 * FULL + 3));
    expect(journal.retiredTo).toBe(journal.records.length);
  });

  it("is sent by whoever takes it over, however little it is", async () => {
    const { script, sizes, sink } = recording();
    const journal = new ScriptedJournal();
    const columns = new MetricQueue({ sink: new Script([], { do: "hang" }).async(), journal, flushIntervalMs: 1 });
    const id = columns.addSeries({ key: "loss" });
    for (let i = 0; i < 10; i++) columns.append(id, i, i, i, Date.now());
    columns.writeOutSync();
    const outbox = new Outbox({ sink, journal, maxPendingEntries: 1_000, onTrouble: undefined });
    outbox.adopt({ position: 0, end: journal.records.length, count: 10 });
    outbox.startSending();
    await outbox.whenSettled({});
    expect(sizes).toEqual([10]);
    expect(script.taken).toHaveLength(10);
  });
});
