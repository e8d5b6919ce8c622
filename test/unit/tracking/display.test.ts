import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import type { MetricHistory } from "../../../src/schema/metric.ts";
import type { RunEntity } from "../../../src/schema/run.ts";
import { Client } from "../../../src/tracking/client.ts";
import { curve } from "../../../src/tracking/display/curve.ts";
import { DISPLAY, type MimeBundle } from "../../../src/tracking/display/mime-bundle.ts";
import { showHistory } from "../../../src/tracking/display/show-history.ts";
import { showList } from "../../../src/tracking/display/show-list.ts";

const SIZE = { width: 320, height: 140 };

const historyOf = (values: readonly number[], steps = values.map((_, step) => step)): MetricHistory => ({
  steps: Float64Array.from(steps),
  timestamps: new Float64Array(values.length),
  values: Float64Array.from(values),
});

const show = (shown: unknown) => (shown as { [DISPLAY](): Promise<MimeBundle> })[DISPLAY]();

async function loggedRun() {
  const client = new Client(memoryBackend());
  const experimentId = await client.experiments.create({ name: "display" });
  const { id } = await client.runs.create({ experimentId, name: "one", startTime: 0 });
  const metrics = [1, 2, 3].map((value, step) => ({ key: "loss", value, step, timestamp: 0 }));
  await client.runs.logBatch({ runId: id, metrics, params: [{ key: "lr", value: "0.1" }] });
  return { client, experimentId, id };
}

describe("an entity that a notebook can show", () => {
  it("is for everybody else what it was", async () => {
    const { client, id } = await loggedRun();
    const run = await client.runs.get(id);
    const plain = await client.backend.tracking.getRun(id);
    const copy: RunEntity = { ...run };
    expect(DISPLAY in run).toBe(true);
    expect(DISPLAY in copy).toBe(false);
    expect(JSON.stringify(run)).toBe(JSON.stringify(plain));
    expect(structuredClone(run)).toEqual(plain);
    deepStrictEqual({ ...run }, { ...plain });
    deepStrictEqual(run, copy);
    expect(Reflect.ownKeys(copy)).not.toContain(DISPLAY);
  });

  it("is what get, create and search answer, and a history", async () => {
    const { client, experimentId, id } = await loggedRun();
    const { items } = await client.runs.search({ experimentIds: [experimentId] }).page();
    for (const run of [await client.runs.get(id), ...items]) {
      expect((await show(run))["text/plain"]).toMatch(/^loss +3 +2$/m);
    }
    expect((await show(await client.runs.metricHistory(id, "loss")))["image/svg+xml"]).toContain("<svg ");
  });

  it("may be frozen", async () => {
    const { client, id } = await loggedRun();
    const frozen = Object.freeze(await client.backend.tracking.getRun(id));
    const tracking = Object.assign(Object.create(client.backend.tracking), { getRun: async () => frozen });
    const other = new Client({ ...client.backend, tracking });
    expect(await other.runs.get(id)).toBe(frozen);
  });
});

describe("a search", () => {
  it("fetches no more than it shows, and says that there is more", async () => {
    const { client, experimentId } = await loggedRun();
    for (let i = 0; i < 60; i++) await client.runs.create({ experimentId });
    const { "text/plain": text = "" } = await show(client.runs.search({ experimentIds: [experimentId] }));
    expect(text.split("\n")).toHaveLength(1 + 50 + 1);
    expect(text).toMatch(/the first 50; there are more$/);
  });

  it("shows the params in which runs differ", () => {
    const base = { name: "r", status: "FINISHED", startTime: 0, id: "1", metrics: {}, latestMetrics: [] };
    const runs = ["0.1", "0.2"].map((lr) => ({ ...base, params: { lr, optimizer: "adam" } }));
    const { "text/plain": text = "" } = showList(runs, false);
    expect(text.split("\n")[0]).toMatch(/^run +status +started +lr +id$/);
    expect(text).toContain("1 params and metrics are not shown");
  });

  it("that found nothing says so", () => {
    expect(showList([], false)["text/plain"]).toBe("nothing was found");
  });
});

describe("whatever a store holds", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(`</td><script>alert(1)</script>`, `"><svg onload=x>`, "\u001b[2J", "a\u202eb", "\ud800", "\0"),
  );

  it("is text in HTML, in SVG and in a terminal", () => {
    fc.assert(
      fc.property(hostile, hostile, (key, value) => {
        const run = {
          name: value,
          status: value,
          startTime: 8.7e15,
          id: value,
          latestMetrics: [],
          metrics: { [key]: 1 },
        };
        const bundles = [
          showList([{ ...run, params: { [key]: value } }], false),
          showList([{ [key]: value }], true),
          showHistory(key, historyOf([1, 2])),
        ];
        for (const bundle of bundles) {
          const markup = `${bundle["text/html"]}${bundle["image/svg+xml"] ?? ""}`;
          // Every tag is one of ours, with the attributes that we write.
          for (const [tag] of markup.matchAll(/<[^>]*>?/g)) expect(tag).toMatch(OURS);
          expect(bundle["text/plain"]).not.toMatch(/[\p{Cs}\u202e]|(?!\n)\p{Cc}/u);
        }
      }),
    );
  });

  const OURS =
    /^<(\/?(div|table|thead|tbody|tr|th|td|p|svg|text|path)|svg xmlns="[\w:/.]+"( [\w-]+="[\w .#-]+")+|(text|path)( [\w-]+="[\w .#-]*")+\/?)>$/;

  it("is cut where it is long", () => {
    const { "text/html": html = "" } = showList([{ note: "x".repeat(10_000_000) }], false);
    expect(html.length).toBeLessThan(1_000);
  });
});

describe("a curve", () => {
  const pathOf = (svg: string) => /<path d="([^"]*)" stroke="#3b82f6"/.exec(svg)?.[1] ?? "";

  it("keeps the spikes of a million values, in few points", () => {
    const values = new Array<number>(1_000_000).fill(0);
    values[654_321] = 1;
    const path = pathOf(curve("loss", historyOf(values), SIZE));
    expect(path.length).toBeLessThan(8_000);
    expect(path).toContain(" 18.0L");
  });

  it("has a gap where a value is none, and a dot for one that is alone", () => {
    const path = pathOf(curve("loss", historyOf([1, 2, Number.NaN, 3, Number.POSITIVE_INFINITY, 4]), SIZE));
    expect(path.match(/M/g)).toHaveLength(3);
    expect(showHistory("loss", historyOf([1, Number.NaN]))["text/plain"]).toContain("1 values are NaN or infinite");
  });

  it.each<[string, number[]]>([
    ["none", []],
    ["one", [1]],
    ["equal ones", [2, 2, 2]],
    ["NaN only", [Number.NaN]],
    ["the largest", [-Number.MAX_VALUE, Number.MAX_VALUE]],
  ])("is drawn for values that are %s", (_, values) => {
    const svg = curve("loss", historyOf(values), SIZE);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(pathOf(svg) === "").toBe(!values.some(Number.isFinite));
  });

  it("is drawn at the steps", () => {
    expect(pathOf(curve("loss", historyOf([0, 1, 2], [0, 10, 1_000]), SIZE))).toMatch(
      /^M64 122\.0L64 122\.0L66 70\.0L66 70\.0L312 /,
    );
  });
});
