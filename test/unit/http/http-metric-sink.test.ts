import { describe, expect, it, onTestFinished } from "vitest";
import type { AsyncMetricSink } from "../../../src/contract/metric-sink.ts";
import type { Outcome } from "../../../src/contract/outcome.ts";
import { httpBackend } from "../../../src/http/index.ts";
import { batchOf } from "../../contract/batches.ts";
import { type Answer, refuse, say, scriptedServerThatSays } from "../../support/scripted-http.ts";

const RUN_ID = "b".repeat(32);
const RUN = say(200, { run: { info: { run_id: RUN_ID, experiment_id: "0" } } });
const A_DATABASE = { store_type: "SqlStore" };
const A_DIRECTORY = { store_type: "FileStore" };

/** Values whose first step says which request carries them: 0 for the first thousand, 1 for the second. */
const points = (count: number) =>
  Array.from({ length: count }, (_, step) => ({ key: "loss", value: step, step, timestamp: 1_700_000_000_000 + step }));

interface Body {
  readonly metrics: readonly { readonly step: number }[];
  readonly params: readonly unknown[];
}

interface Sent {
  readonly outcome: Outcome;
  /** The thousands, in the order in which they came. */
  readonly thousands: readonly number[];
  readonly mostAtOnce: number;
  readonly questions: number;
}

/** @param answerOf - What becomes of a thousand. Default: it is taken. */
async function send(
  storeType: object,
  batch: ReturnType<typeof batchOf>,
  answerOf: (thousand: number) => Answer = () => say(200),
): Promise<Sent> {
  const thousands: number[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const { url, asked } = await scriptedServerThatSays(say(200, storeType), async (request, response) => {
    if (request.method === "GET") return await RUN(request, response);
    const { metrics } = JSON.parse(request.body) as Body;
    const thousand = (metrics[0]?.step ?? -1_000) / 1_000;
    thousands.push(thousand);
    atOnce++;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    // Long enough for those beside it to come, were there any.
    await new Promise((resolve) => setTimeout(resolve, 50));
    atOnce--;
    await answerOf(thousand)(request, response);
  });
  const backend = httpBackend({ url });
  onTestFinished(() => backend.close());
  const sink = (await backend.tracking.openSink(RUN_ID)) as AsyncMetricSink;
  const outcome = await sink.write(batch, new AbortController().signal);
  return { outcome, thousands, mostAtOnce, questions: asked.length };
}

const accepted = ({ outcome }: Sent) =>
  outcome.status === "ok" ? [] : Array.from(outcome.accepted?.metrics ?? []).toSorted((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe("a batch of more than a request may carry", () => {
  it("goes to a database four requests at a time", async () => {
    const sent = await send(A_DATABASE, batchOf({ points: points(9_000) }));
    expect(sent.outcome).toEqual({ status: "ok" });
    expect(sent.thousands.toSorted()).toEqual(range(0, 9));
    expect(sent.mostAtOnce).toBe(4);
    expect(sent.questions).toBe(1);
  });

  it("goes to a directory of files, which keeps the order, one request after the other", async () => {
    const sent = await send(A_DIRECTORY, batchOf({ points: points(4_000) }));
    expect(sent.outcome).toEqual({ status: "ok" });
    expect(sent.thousands).toEqual(range(0, 4));
    expect(sent.mostAtOnce).toBe(1);
  });

  it("waits for what describes the run", async () => {
    const params = range(0, 250).map((at) => ({ key: `p${at}`, value: "1" }));
    const sent = await send(A_DATABASE, batchOf({ points: points(2_500), params }));
    expect(sent.outcome).toEqual({ status: "ok" });
    // Two requests with params alone, then one with the others and the first values.
    expect(sent.thousands.slice(0, 3)).toEqual([-1, -1, 0]);
    expect(sent.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it("keeps what has arrived beside one that failed", async () => {
    const answerOf = (thousand: number) =>
      thousand === 2 ? refuse(503, "TEMPORARILY_UNAVAILABLE", "later", { "retry-after": "7" }) : say(200);
    const sent = await send(A_DATABASE, batchOf({ points: points(4_000) }), answerOf);
    expect(sent.outcome).toMatchObject({ status: "retryable", retryAfterMs: 7_000 });
    expect(accepted(sent)).toEqual([...range(0, 2_000), ...range(3_000, 4_000)]);
  });

  it("begins no more after a failure", async () => {
    const sent = await send(A_DATABASE, batchOf({ points: points(12_000) }), (thousand) =>
      thousand === 0 ? say(200) : refuse(503, "TEMPORARILY_UNAVAILABLE", "later"),
    );
    expect(sent.outcome.status).toBe("retryable");
    expect(sent.thousands.toSorted()).toEqual(range(0, 5));
    expect(accepted(sent)).toEqual(range(0, 1_000));
  });

  it("gives up what a run takes no more, and nothing that it has taken", async () => {
    const sent = await send(A_DATABASE, batchOf({ points: points(4_000) }), (thousand) =>
      thousand === 1 ? refuse(404, "RESOURCE_DOES_NOT_EXIST", "gone") : say(200),
    );
    expect(accepted(sent)).toEqual([...range(0, 1_000), ...range(2_000, 4_000)]);
    expect(sent.outcome).toMatchObject({ status: "permanent", rejected: { metrics: range(1_000, 2_000) } });
  });

  it("tells of a refusal rather than of trouble that passes", async () => {
    const sent = await send(A_DATABASE, batchOf({ points: points(4_000) }), (thousand) => {
      if (thousand === 0) return say(200);
      return thousand === 3 ? refuse(400, "INVALID_PARAMETER_VALUE", "no") : refuse(500, "INTERNAL_ERROR", "broken");
    });
    expect(sent.outcome).toMatchObject({ status: "permanent", error: { code: "INVALID_PARAMETER_VALUE" } });
    expect(accepted(sent)).toEqual(range(0, 1_000));
  });
});
