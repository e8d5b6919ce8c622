import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MetricQueue } from "../../../src/queue/metric-queue.ts";
import { ScriptedJournal } from "../../support/scripted-journal.ts";
import { quickRetry, Script, type Step } from "../../support/scripted-sink.ts";

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: "take" }) },
  fc.constant<Step>({ do: "refuse" }),
  fc.constant<Step>({ do: "refuse", retryAfterMs: 1 }),
  fc.double({ min: 0, max: 1, noNaN: true }).map((share): Step => ({ do: "take-some", share })),
  fc.constant<Step>({ do: "take-odd" }),
  fc.constant<Step>({ do: "reject-bad" }),
  fc.constant<Step>({ do: "refuse-if-bad" }),
  fc.constant<Step>({ do: "throw" }),
);

type Action =
  | { readonly type: "values"; readonly count: number; readonly bad: boolean }
  | { readonly type: "param"; readonly bad: boolean }
  | { readonly type: "tag" }
  | { readonly type: "flush" }
  | { readonly type: "wait" };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("values" as const),
      count: fc.integer({ min: 1, max: 6_000 }),
      bad: fc.boolean(),
    }),
  },
  fc.record({ type: fc.constant("param" as const), bad: fc.boolean() }),
  fc.constant<Action>({ type: "tag" }),
  fc.constant<Action>({ type: "flush" }),
  fc.constant<Action>({ type: "wait" }),
);

const schedule = fc.record({
  steps: fc.array(step, { maxLength: 25 }),
  actions: fc.array(action, { minLength: 1, maxLength: 12 }),
  isSync: fc.boolean(),
  journal: fc.constantFrom<"none" | "good" | "failing">("none", "good", "failing"),
  batchLimit: fc.option(fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 5_000, max: 40_000 })), {
    nil: undefined,
  }),
  // What the sink does once the script has ended. Only a sink that recovers can be drained.
  recovers: fc.boolean(),
});

describe("whatever the schedule", () => {
  it("appended = acknowledged + rejected + dropped + pending, nothing comes twice, and the order is kept", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ steps, actions, isSync, journal: journalKind, batchLimit, recovers }) => {
        const script = new Script(steps, recovers ? { do: "reject-bad" } : { do: "refuse" });
        const journal = journalKind === "none" || isSync ? undefined : new ScriptedJournal();
        if (journal !== undefined && journalKind === "failing")
          journal.fails = (n) => (n % 3 === 2 ? "failed" : undefined);
        const queue = new MetricQueue({
          sink: isSync ? script.sync() : script.async(quickRetry, batchLimit),
          flushIntervalMs: 2,
          maxPendingEntries: 20_000,
          ...(journal === undefined ? {} : { journal }),
        });
        const id = queue.addSeries({ key: "loss" });
        let appended = 0;
        let next = 1;
        for (const act of actions) {
          if (act.type === "values") {
            for (let i = 0; i < act.count; i++, next++) {
              const now = Date.now();
              queue.append(id, act.bad && i % 97 === 0 ? -next : next, now, next, now);
            }
            appended += act.count;
          } else if (act.type === "param") {
            queue.appendParam({ key: `${act.bad ? "bad" : "good"}-${appended++}`, value: "1" });
          } else if (act.type === "tag") {
            queue.appendTag({ key: `tag-${appended++}`, value: "1" });
          } else if (act.type === "flush") await queue.flush({ timeoutMs: 20 }).catch(() => {});
          else await delay(1);
          const { stats } = queue;
          expect(stats.appended).toBe(appended);
          expect(stats.acknowledged + stats.rejected + stats.dropped + stats.pending).toBe(appended);
          expect(Math.min(stats.acknowledged, stats.rejected, stats.dropped, stats.pending)).toBeGreaterThanOrEqual(0);
          expect(stats.acknowledged).toBe(script.count);
          expect(stats.spooled).toBeLessThanOrEqual(stats.pending);
        }
        const stats = await queue.close({ timeoutMs: recovers ? 5_000 : 20 }).catch(() => queue.stats);
        expect(stats.acknowledged).toBe(script.count);
        expect(stats.acknowledged + stats.rejected + stats.dropped + stats.pending).toBe(appended);
        if (recovers) expect(stats.pending).toBe(0);
        else expect(stats.pending).toBe(stats.spooled);
        const seen = script.taken.map(({ step }) => step);
        expect(new Set(seen).size).toBe(seen.length);
        expect(new Set(script.params).size).toBe(script.params.length);
        // A sink that takes every second entry breaks the order itself.
        if (!steps.some((each) => each.do === "take-odd")) {
          expect(seen.every((value, index) => index === 0 || value > (seen[index - 1] as number))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
