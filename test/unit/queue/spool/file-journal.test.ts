import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Batch, Series } from "../../../../src/contract/batch.ts";
import { decodeBatch, encodeBatch } from "../../../../src/queue/spool/batch-record.ts";
import { FileJournal } from "../../../../src/queue/spool/file-journal.ts";
import { SpoolSpace } from "../../../../src/queue/spool/spool-space.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";

const NOTHING = { params: [], tags: [], inputs: [] };

function batchOf(values: readonly number[], series: readonly Series[] = [{ key: "loss" }]): Batch {
  return {
    ...NOTHING,
    series,
    metrics: {
      length: values.length,
      seriesIds: Uint32Array.from(values, (_, index) => index % series.length),
      values: Float64Array.from(values),
      timestamps: Float64Array.from(values, (_, index) => 1_000 + index),
      steps: Float64Array.from(values, (_, index) => index - 5),
    },
  };
}

const someText = fc.string({ unit: "binary" });
const someSeries = fc.record(
  { key: someText, modelId: someText, dataset: fc.record({ name: someText, digest: someText }) },
  { requiredKeys: ["key"] },
) as fc.Arbitrary<Series>;
const pairs = fc.array(fc.record({ key: someText, value: someText }), { maxLength: 5 });
const someBatch: fc.Arbitrary<Batch> = fc
  .tuple(fc.array(someSeries, { minLength: 1, maxLength: 4 }), fc.array(fc.double(), { maxLength: 50 }), pairs, pairs)
  .map(([series, values, params, tags]) => ({ ...batchOf(values, series), params, tags }));

describe("a record", () => {
  it("comes back as it went, to the last bit", () => {
    fc.assert(
      fc.property(someBatch, (batch) => {
        expect(decodeBatch(encodeBatch(batch, 0), [])).toEqual(batch);
      }),
    );
  });

  it("that was changed anywhere, or cut, is none", () => {
    fc.assert(
      fc.property(someBatch, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, place, change) => {
        const record = encodeBatch(batch, 0);
        expect(decodeBatch(record.subarray(0, place % record.length), [])).toBeUndefined();
        const changed = Buffer.from(record);
        changed[place % record.length] = (changed[place % record.length] as number) ^ change;
        expect(decodeBatch(changed, [])).toBeUndefined();
      }),
    );
  });

  it("says every series once", () => {
    const series: Series[] = [{ key: "a" }, { key: "b" }];
    const read: Series[] = [];
    decodeBatch(encodeBatch(batchOf([1], series.slice(0, 1)), 0), read);
    const second = encodeBatch(batchOf([1, 2], series), 1);
    expect(second.toString("latin1")).not.toContain('"a"');
    decodeBatch(second, read);
    expect(read).toEqual(series);
  });
});

describe("a journal in files", () => {
  function open(directory = temporaryDirectory(), maxBytes = 1e9) {
    const journal = new FileJournal({ directory, space: new SpoolSpace(directory), maxBytes });
    onTestFinished(() => journal.close());
    return { journal, directory };
  }

  function append(journal: FileJournal, batch: Batch) {
    const appended = journal.append(batch);
    if (appended.status !== "ok") throw appended.error;
    return appended;
  }

  function readAll(journal: FileJournal, from = 0) {
    const batches: Batch[] = [];
    for (let record = journal.read(from); record !== undefined; record = journal.read(record.next))
      batches.push(record.batch);
    return batches;
  }

  const journalsIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".journal"));

  it("gives back what it took, here and in the next process", () => {
    const { journal, directory } = open();
    const batches = Array.from({ length: 300 }, (_, index) => ({
      ...batchOf([index, Number.NaN, -0]),
      params: [{ key: `p${index}`, value: "ключ" }],
    }));
    for (const batch of batches) append(journal, batch);
    expect(readAll(journal)).toEqual(batches);
    expect(journal.rest().unreadableBytes).toBe(0);
    journal.close();
    const next = open(directory).journal;
    expect(next.rest()).toMatchObject({ position: 0, count: 300 * 4 });
    expect(readAll(next)).toEqual(batches);
  });

  it("lets files go that are retired as a whole, and still knows the series they named", () => {
    const { journal, directory } = open();
    const series = [{ key: "a" }, { key: "b" }];
    const large = batchOf(new Array(100_000).fill(0.5), series);
    const positions = Array.from({ length: 14 }, () => append(journal, large).next);
    expect(journalsIn(directory)).toHaveLength(3);
    journal.retire(positions[12] as number);
    expect(journalsIn(directory)).toHaveLength(1);
    journal.close();
    const next = open(directory).journal;
    expect(next.rest()).toMatchObject({ position: positions[12], count: 100_000 });
    expect(next.series).toEqual(series);
  });

  it("ends where a power cut has torn it", () => {
    const { journal, directory } = open();
    const ends = [1, 2, 3].map((value) => append(journal, batchOf([value])).next);
    journal.close();
    const [file] = journalsIn(directory).map((name) => join(directory, name)) as [string];
    truncateSync(file, statSync(file).size - 3);
    const { unreadableBytes, ...rest } = open(directory).journal.rest();
    expect(rest).toMatchObject({ end: ends[1], count: 2 });
    expect(unreadableBytes).toBeGreaterThan(0);
    // A file system may also leave zeros where data were promised.
    appendFileSync(file, Buffer.alloc(4_096));
    expect(open(directory).journal.rest()).toMatchObject({ count: 2 });
  });

  it("reads all again where it does not know what was retired", () => {
    const { journal, directory } = open();
    const [first] = [1, 2, 3].map((value) => append(journal, batchOf([value])).next);
    journal.retire(first as number);
    journal.close();
    expect(open(directory).journal.rest().count).toBe(2);
    const mark = readFileSync(join(directory, "retired"));
    mark[0] = (mark[0] as number) ^ 1;
    writeFileSync(join(directory, "retired"), mark);
    expect(open(directory).journal.rest().count).toBe(3);
  });

  it("takes no more than it may, until there is room again", () => {
    const { journal } = open(undefined, 40 * 1024 * 1024);
    const large = batchOf(new Array(100_000).fill(1));
    let last = 0;
    for (;;) {
      const appended = journal.append(large);
      if (appended.status !== "ok") {
        expect(appended).toMatchObject({ status: "full", error: { code: "STORAGE_FULL" } });
        break;
      }
      last = appended.next;
    }
    expect(readAll(journal)).toHaveLength(14);
    journal.retire(last);
    expect(journal.append(large).status).toBe("ok");
  });

  it("answers like any journal to random calls", () => {
    const calls = fc.array(
      fc.oneof(
        fc.nat(200).map((count) => ({ append: count })),
        fc.nat().map((to) => ({ retire: to })),
      ),
    );
    fc.assert(
      fc.property(calls, (script) => {
        const { journal, directory } = open();
        const kept: { position: number; next: number; count: number }[] = [];
        let retired = 0;
        for (const call of script) {
          if ("append" in call) {
            const { position, next } = append(journal, batchOf(new Array(call.append).fill(1)));
            kept.push({ position, next, count: call.append });
          } else if (kept.length > 0) {
            retired = Math.max(retired, kept[call.retire % kept.length]?.next ?? 0);
            journal.retire(retired);
          }
        }
        journal.close();
        const rest = kept.filter(({ next }) => next > retired);
        expect(open(directory).journal.rest().count).toBe(rest.reduce((sum, { count }) => sum + count, 0));
      }),
      { numRuns: 50 },
    );
  });
});
