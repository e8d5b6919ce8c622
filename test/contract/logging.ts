import { batchOf, bits } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import { type ContractTests, send, where } from "./subject.ts";

export const loggingTests: ContractTests = {
  "is kept to the last bit, by step, then timestamp, then as logged": async ({ backend, can, newRun, write }) => {
    const run = await newRun();
    const values = [0.1, -0, 1e16, 1e21, 5e-324, Number.MAX_VALUE, Number.NaN, Infinity, -Infinity, 1 / 3, 123456];
    const points = values.map((value, i) => ({ key: "loss", value, step: 5 - i, timestamp: 1_700_000_000_000 }));
    points.push(
      { key: "loss", value: 7, step: 0, timestamp: 1_700_000_000_001 },
      { key: "loss", value: 8, step: 0, timestamp: 1_700_000_000_000 },
      { key: "loss", value: 9, step: 0, timestamp: 1_700_000_000_000 },
    );
    await write(run.id, { points });
    const expected = points
      .map((point, i) => ({ ...point, value: can.exactValues ? point.value : sqlValue(point.value), i }))
      .sort(
        (a, b) =>
          a.step - b.step ||
          a.timestamp - b.timestamp ||
          (can.exactValues ? a.i - b.i : a.value - b.value || a.i - b.i),
      );
    const { steps, timestamps, values: read } = await backend.tracking.metricHistory(run.id, "loss");
    expect([...steps]).toEqual(expected.map(({ step }) => step));
    expect([...timestamps]).toEqual(expected.map(({ timestamp }) => timestamp));
    expect(Array.from(read, bits)).toEqual(expected.map(({ value }) => bits(value)));
  },

  "is there under any key MLflow allows": async ({ backend, newRun, write }) => {
    const run = await newRun();
    const keys = [
      "loss",
      "train/acc",
      "a/b/c",
      "ключ",
      "名前 x",
      "k".repeat(250),
      "a.b-c:d_e",
      "__proto__",
      "constructor",
    ];
    await write(run.id, {
      points: keys.map((key, step) => ({ key, value: step, step, timestamp: 1 })),
      params: keys.map((key) => ({ key, value: `param ${key}` })),
      tags: keys.map((key) => ({ key, value: `tag ${key}` })),
    });
    const read = await backend.tracking.getRun(run.id);
    expect(Object.entries(read.metrics).sort()).toEqual(keys.map((key, i) => [key, i]).sort());
    expect(Object.entries(read.params).sort()).toEqual(keys.map((key) => [key, `param ${key}`]).sort());
    for (const key of keys) expect(Object.getOwnPropertyDescriptor(read.tags, key)?.value).toBe(`tag ${key}`);
    for (const [step, key] of keys.entries()) {
      expect([...(await backend.tracking.metricHistory(run.id, key)).steps]).toEqual([step]);
    }
  },

  "has as its latest value the one of the largest step, then timestamp, then value": async ({
    backend,
    newRun,
    write,
  }) => {
    const run = await newRun();
    const at = (key: string, value: number, step: number, timestamp: number) => ({ key, value, step, timestamp });
    await write(run.id, {
      points: [
        at("a", 1, 9, 1),
        at("a", 2, 3, 9),
        at("b", 1, 1, 5),
        at("b", 2, 1, 4),
        at("c", 5, 1, 1),
        at("c", 4, 1, 1),
      ],
    });
    const { metrics, latestMetrics } = await backend.tracking.getRun(run.id);
    expect(metrics).toEqual({ a: 1, b: 1, c: 5 });
    expect(latestMetrics).toEqual([at("a", 1, 9, 1), at("b", 1, 1, 5), at("c", 5, 1, 1)]);
  },

  "has an empty history under a key that was never logged": async ({ backend, newRun }) => {
    const run = await newRun();
    const history = await backend.tracking.metricHistory(run.id, "nothing");
    expect([history.steps.length, history.timestamps.length, history.values.length]).toEqual([0, 0, 0]);
  },

  "keeps texts as they are": async ({ backend, newRun, write }) => {
    const run = await newRun();
    const texts = ["", " ", "a\nb\n", "null", "1", "🎯 ünï", "x".repeat(6_000), "\ttab", "'\"\\"];
    const entries = texts.map((value, i) => ({ key: `t${i}`, value }));
    await write(run.id, { params: entries, tags: entries });
    const { params, tags } = await backend.tracking.getRun(run.id);
    expect(params).toEqual(Object.fromEntries(entries.map(({ key, value }) => [key, value])));
    expect(tags).toMatchObject(params);
  },

  "rejects a param that has changed, and only that; the same again is fine": async ({
    backend,
    newRun,
    write,
    attempt,
  }) => {
    const run = await newRun();
    await write(run.id, { params: [{ key: "lr", value: "0.1" }] });
    await write(run.id, { params: [{ key: "lr", value: "0.1" }] });
    const outcome = await attempt(
      run.id,
      batchOf({
        points: [{ key: "loss", value: 1, step: 0, timestamp: 1 }],
        params: [
          { key: "a", value: "1" },
          { key: "lr", value: "0.2" },
          { key: "b", value: "2" },
        ],
        tags: [{ key: "t", value: "1" }],
      }),
    );
    expect(outcome).toMatchObject({ status: "permanent", error: { code: "INVALID_PARAMETER_VALUE" } });
    if (outcome.status !== "permanent") throw new Error("unreachable");
    expect(Array.from(outcome.rejected?.params ?? [])).toEqual([1]);
    expect(Array.from(outcome.rejected?.metrics ?? [])).toEqual([]);
    // What a sink has not accepted it is given again, so either is fine; both is not.
    const accepted = Array.from(outcome.accepted?.params ?? []);
    expect(accepted.includes(1)).toBe(false);
    if (accepted.length === 2)
      expect((await backend.tracking.getRun(run.id)).params).toEqual({ a: "1", b: "2", lr: "0.1" });
  },

  "has tags of which the last wins and that can be deleted": async ({ backend, newRun, write }) => {
    const run = await newRun({ tags: { a: "1" } });
    await write(run.id, {
      tags: [
        { key: "a", value: "2" },
        { key: "a", value: "3" },
        { key: "b/c", value: "4" },
      ],
    });
    expect((await backend.tracking.getRun(run.id)).tags).toMatchObject({ a: "3", "b/c": "4" });
    await backend.tracking.deleteTag(run.id, "a");
    expect((await backend.tracking.getRun(run.id)).tags.a).toBe(undefined);
    await expectThat(backend.tracking.deleteTag(run.id, "a")).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  },

  "has inputs, each dataset once": async ({ backend, newRun, write }) => {
    const run = await newRun();
    const full = {
      dataset: {
        name: "digits: 名前",
        digest: "abc123",
        sourceType: "http",
        source: '{"url":"https://example.org/a?b=c#d"}',
        schema: '{"mlflow_colspec":[]}',
        profile: '{"num_rows":1}',
      },
      tags: { "mlflow.data.context": "training", other: "x: y" },
    };
    const bare = { dataset: { name: "bare", digest: "1", sourceType: "code", source: "{}" }, tags: {} };
    await write(run.id, { inputs: [full, bare] });
    await write(run.id, { inputs: [full] });
    expect((await backend.tracking.getRun(run.id)).inputs).toEqual([bare, full]);
    const other = await newRun();
    await write(other.id, { inputs: [full] });
    expect((await backend.tracking.getRun(other.id)).inputs).toEqual([full]);
  },

  "comes in stretches of any size": async ({ backend, newRun }) => {
    const run = await newRun();
    const points = Array.from({ length: 10_000 }, (_, step) => ({
      key: `m${step % 7}`,
      value: Math.sin(step),
      step,
      timestamp: 1_700_000_000_000 + step,
    }));
    const sink = await backend.tracking.openSink(run.id);
    for (let start = 0, size = 1; start < points.length; start += size, size = (size * 3) % 4_097) {
      expect(await send(sink, batchOf({ points: points.slice(start, start + size) }))).toEqual({ status: "ok" });
    }
    await sink.close();
    for (let key = 0; key < 7; key++) {
      const mine = points.filter((point) => point.key === `m${key}`);
      const { steps, values } = await backend.tracking.metricHistory(run.id, `m${key}`);
      expect([...steps]).toEqual(mine.map(({ step }) => step));
      expect([...values]).toEqual(mine.map(({ value }) => value));
    }
  },

  "refuses a key that would have to be a file and a directory, at the call": where(
    "keysArePaths",
    async ({ backend, newRun }) => {
      const run = await newRun();
      const sink = await backend.tracking.openSink(run.id);
      expect(sink.checkKey?.("metric", "train/loss")).toBe(undefined);
      expect(sink.checkKey?.("metric", "train")).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
      expect(sink.checkKey?.("param", "train")).toBe(undefined);
      expect(sink.checkKey?.("metric", "train/loss/x")).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
      await sink.close();
    },
  ),
};

/** What MLflow's SQL stores make of a value. */
function sqlValue(value: number): number {
  if (Number.isNaN(value)) return value;
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value)) + 0;
}
