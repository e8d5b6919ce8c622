import { describe, expect, it } from "vitest";
import type { Batch } from "../../../src/contract/batch.ts";
import type { AsyncMetricSink, SyncMetricSink } from "../../../src/contract/metric-sink.ts";
import { OK, type Outcome } from "../../../src/contract/outcome.ts";
import { MetricQueue } from "../../../src/queue/metric-queue.ts";
import { randomFrom, SEED } from "../../support/random.ts";
import { ScriptedJournal } from "../../support/scripted-journal.ts";

/** The sinks here refuse often, and are asked again as often as it takes. */
const retry = { baseMs: 0.1, capMs: 1, budgetMs: 60_000 };

const markOf = (name: string) => ({ name, id: name, time: 1 });

/** Takes parts of batches as it likes, and remembers how many values were there when a mark came. */
class Recorder {
  readonly values: number[] = [];
  readonly counts = new Map<string, number>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  take({ metrics, tags, marks = [] }: Batch): Outcome {
    const kind = this.#random();
    if (kind < 0.2) return { status: "retryable", error: new Error("not now") as never };
    const some = kind < 0.5 ? Math.floor(this.#random() * metrics.length) : metrics.length;
    const positions = Array.from({ length: some }, (_, at) => at);
    for (const at of positions) this.values.push(metrics.values[at] as number);
    const accepted = { metrics: positions, params: [], tags: tags.map((_, at) => at), inputs: [] };
    if (some < metrics.length || kind > 0.9)
      return { status: "retryable", error: new Error("that is all") as never, accepted };
    for (const { name } of marks) this.counts.set(name, this.values.length);
    return OK;
  }

  sync(): SyncMetricSink {
    return { limits: { retry }, writeSync: (batch) => this.take(batch), close: () => {} };
  }

  async(maxBatchValues = 100): AsyncMetricSink {
    return {
      limits: { retry, maxBatchValues },
      write: async (batch) => this.take(batch),
      close: () => {},
    };
  }
}

describe.each([
  { kind: "sync" },
  { kind: "async" },
  { kind: "journaled" },
  { kind: "async", maxBatchValues: 32_768 },
  { kind: "journaled", maxBatchValues: 32_768 },
])("marks before a sink that is $kind, by $maxBatchValues", ({ kind, maxBatchValues }) => {
  it(`come when all values before them are there, and before any behind them (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    const recorder = new Recorder(random);
    const journal = new ScriptedJournal();
    const queue = new MetricQueue({
      sink: kind === "sync" ? recorder.sync() : recorder.async(maxBatchValues),
      ...(kind === "journaled" ? { journal } : {}),
      flushIntervalMs: 2,
    });
    const id = queue.addSeries({ key: "loss" });
    const expected = new Map<string, number>();
    let logged = 0;
    for (let mark = 0; mark < 40; mark++) {
      for (let more = Math.floor(random() * 900); more > 0; more--) queue.append(id, logged++, 1, 1, Date.now());
      if (random() < 0.3) queue.appendTag({ key: "a", value: "b" });
      queue.appendMark(markOf(`m${mark}`));
      expected.set(`m${mark}`, logged);
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 4));
    }
    await queue.flush();
    expect(recorder.counts).toEqual(expected);
    expect(recorder.values).toEqual(Array.from({ length: logged }, (_, value) => value));
    const { appended, acknowledged, pending } = queue.stats;
    expect([acknowledged, pending]).toEqual([appended, 0]);
    await queue.close();
  });
});

it("a mark that waits far behind on a journal comes back from it in its place", async () => {
  const recorder = new Recorder(() => 0.6);
  const journal = new ScriptedJournal();
  const queue = new MetricQueue({ sink: recorder.async(), journal, flushIntervalMs: 2 });
  const id = queue.addSeries({ key: "loss" });
  // No turn of the event loop: most of it is on the journal only.
  for (let value = 0; value < 100_000; value++) {
    queue.append(id, value, 1, 1, Date.now());
    if (value % 10_000 === 9_999) queue.appendMark(markOf(String(value + 1)));
  }
  await queue.flush();
  expect([...recorder.counts]).toEqual(
    Array.from({ length: 10 }, (_, n) => [String((n + 1) * 10_000), (n + 1) * 10_000]),
  );
  await queue.close();
});

it("a mark that is refused for good keeps nothing else back", async () => {
  const taken: number[] = [];
  const sink: SyncMetricSink = {
    limits: {},
    writeSync: ({ metrics, marks = [] }) => {
      if (marks.length > 0) {
        for (let at = 0; at < metrics.length; at++) taken.push(metrics.values[at] as number);
        const none = { metrics: [], params: [], tags: [], inputs: [] };
        const accepted = { ...none, metrics: taken.map((_, at) => at).slice(0, metrics.length) };
        return {
          status: "permanent",
          error: new Error("no marks here") as never,
          accepted,
          rejected: { ...none, marks: [0] },
        };
      }
      for (let at = 0; at < metrics.length; at++) taken.push(metrics.values[at] as number);
      return OK;
    },
    close: () => {},
  };
  const queue = new MetricQueue({ sink });
  const id = queue.addSeries({ key: "loss" });
  queue.append(id, 1, 1, 1, Date.now());
  queue.appendMark(markOf("a"));
  queue.append(id, 2, 1, 1, Date.now());
  await expect(queue.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE" });
  expect(taken).toEqual([1, 2]);
  expect(queue.stats).toMatchObject({ acknowledged: 2, rejected: 1, pending: 0 });
});
