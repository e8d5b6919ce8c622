import type { RewindTarget } from "../../src/contract/tracking-store.ts";
import { type BatchParts, batchOf } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import { type ContractSubject, type ContractTests, send, where } from "./subject.ts";

/** A value of a key at a step; the time follows from the step. */
const at = (key: string, step: number, value = step) => ({ key, value, step, timestamp: 1_700_000_000_000 + step });

const markOf = (name: string, time = 1) => ({ name, id: `${name}-${time}`, time });

/** Sends batches through one sink, each with a mark behind it where it has one. */
async function log(
  { backend }: ContractSubject,
  runId: string,
  batches: readonly (BatchParts & { readonly mark?: { name: string; id: string; time: number } })[],
): Promise<void> {
  const sink = await backend.tracking.openSink(runId);
  for (const { mark, ...parts } of batches) {
    const batch = { ...batchOf(parts), ...(mark === undefined ? {} : { marks: [mark] }) };
    expect(await send(sink, batch), "the outcome").toEqual({ status: "ok" });
  }
  await sink.close();
}

/** A run that nobody writes to any more, as far as its status tells. */
async function endedRun(subject: ContractSubject): Promise<string> {
  const { id } = await subject.newRun();
  await subject.backend.tracking.updateRun({ runId: id, status: "FAILED", endTime: 2 });
  return id;
}

async function takeBack({ backend: { tracking } }: ContractSubject, runId: string, to: RewindTarget): Promise<void> {
  if (tracking.rewind === undefined || tracking.marks === undefined)
    throw new Error("the backend cannot take values back: say so by the difference `rewind: false`");
  await tracking.rewind(runId, to);
}

const rewind = (subject: ContractSubject, runId: string, mark: string): Promise<void> =>
  takeBack(subject, runId, { mark });

const rewindSteps = (subject: ContractSubject, runId: string, steps: Record<string, number>): Promise<void> =>
  takeBack(subject, runId, { steps: new Map(Object.entries(steps)) });

async function stepsOf({ backend }: ContractSubject, runId: string, key: string): Promise<number[]> {
  const history = await backend.tracking.metricHistory(runId, key);
  expect(history.values.length).toBe(history.steps.length);
  return [...history.steps];
}

const markNames = async ({ backend }: ContractSubject, runId: string): Promise<string[]> =>
  ((await backend.tracking.marks?.(runId)) ?? []).map(({ name }) => name);

export const rewindTests: ContractTests = {
  "drops what came behind a mark, whatever steps it has, and nothing else": where("rewind", async (subject) => {
    const { backend } = subject;
    const id = await endedRun(subject);
    await log(subject, id, [
      {
        points: [at("loss", 10), at("loss", 3), at("val/loss", 0)],
        params: [{ key: "lr", value: "1" }],
        mark: markOf("a"),
      },
      {
        points: [at("loss", 11), at("loss", 2), at("late", 0), at("val/late", 1)],
        params: [{ key: "more", value: "2" }],
        tags: [{ key: "after", value: "yes" }],
      },
    ]);
    await rewind(subject, id, "a");
    expect(await stepsOf(subject, id, "loss")).toEqual([3, 10]);
    expect(await stepsOf(subject, id, "val/loss")).toEqual([0]);
    expect(await stepsOf(subject, id, "late")).toEqual([]);
    const { metrics, params, tags, status } = await backend.tracking.getRun(id);
    expect(metrics).toEqual({ loss: 10, "val/loss": 0 });
    expect(params).toEqual({ lr: "1", more: "2" });
    expect(tags.after).toBe("yes");
    expect(status).toBe("FAILED");
  }),

  "is seen by searches at once": where("rewind", async (subject) => {
    const { backend, experimentId } = subject;
    const id = await endedRun(subject);
    await log(subject, id, [{ points: [at("loss", 0, 1)], mark: markOf("a") }, { points: [at("loss", 1, 0)] }]);
    const found = async (filter: string) => {
      const query = { experimentIds: [experimentId], viewType: "active", maxResults: 10, filter } as const;
      return (await backend.tracking.searchRuns(query)).items.map((run) => run.metrics.loss);
    };
    expect(await found("metrics.loss < 0.5")).toEqual([0]);
    await rewind(subject, id, "a");
    expect(await found("metrics.loss < 0.5")).toEqual([]);
    expect(await found("metrics.loss > 0.5")).toEqual([1]);
  }),

  "goes on behind the mark, also with what is the same as before, and can be taken back again": where(
    "rewind",
    async (subject) => {
      const id = await endedRun(subject);
      await log(subject, id, [
        { points: [at("loss", 0), at("acc", 0)], mark: markOf("a") },
        { points: [at("loss", 1)] },
      ]);
      for (let life = 0; life < 3; life++) {
        await rewind(subject, id, "a");
        expect(await stepsOf(subject, id, "loss")).toEqual([0]);
        await log(subject, id, [{ points: [at("loss", 1)] }, { points: [at("loss", 2), at("acc", 1)] }]);
        expect(await stepsOf(subject, id, "loss")).toEqual([0, 1, 2]);
        expect(await stepsOf(subject, id, "acc")).toEqual([0, 1]);
      }
    },
  ),

  "drops the marks behind the one it goes back to, and keeps those before": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    await log(subject, id, [
      { points: [at("loss", 0)], mark: markOf("a", 1) },
      { points: [at("loss", 1)], mark: markOf("b", 2) },
      { points: [at("loss", 2)], mark: markOf("c", 3) },
      { points: [at("loss", 3)] },
    ]);
    expect(await markNames(subject, id)).toEqual(["a", "b", "c"]);
    await rewind(subject, id, "b");
    expect(await markNames(subject, id)).toEqual(["a", "b"]);
    await expectThat(rewind(subject, id, "c")).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    await log(subject, id, [{ points: [at("loss", 2)] }]);
    await rewind(subject, id, "a");
    expect(await stepsOf(subject, id, "loss")).toEqual([0]);
  }),

  "has marks that move when they are made again, and stay when they come twice": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    const first = markOf("a", 1);
    const second = markOf("a", 2);
    await log(subject, id, [
      { points: [at("loss", 0)], mark: first },
      { points: [at("loss", 1)], mark: second },
      { points: [at("loss", 2)] },
    ]);
    await rewind(subject, id, "a");
    expect(await stepsOf(subject, id, "loss")).toEqual([0, 1]);
    expect(await markNames(subject, id)).toEqual(["a"]);
  }),

  "of a mark that is not there is refused, with the marks there are": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    await expectThat(rewind(subject, id, "a")).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    await log(subject, id, [{ points: [at("loss", 0)], mark: markOf("epoch 1") }]);
    const error = await rewind(subject, id, "a").catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(/no mark "a".*"epoch 1"/);
    expect(await stepsOf(subject, id, "loss")).toEqual([0]);
  }),

  "can be to the very beginning": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    await log(subject, id, [{ mark: markOf("begin") }, { points: [at("loss", 0), at("a/b", 0)] }]);
    await rewind(subject, id, "begin");
    expect((await subject.backend.tracking.getRun(id)).metrics).toEqual({});
    await log(subject, id, [{ points: [at("loss", 5), at("a", 0)] }]);
    expect(await stepsOf(subject, id, "loss")).toEqual([5]);
  }),

  "is to before a step of the keys that are named, in any order they came": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    const points = [at("loss", 5), at("loss", 1), at("acc", 7), at("loss", -3), at("loss", 9), at("x/y", 4)];
    await log(subject, id, [{ points }, { points: [at("loss", 4), at("loss", 6)] }]);
    await rewindSteps(subject, id, { loss: 5, "x/y": 0, missing: 3 });
    expect(await stepsOf(subject, id, "loss")).toEqual([-3, 1, 4]);
    expect(await stepsOf(subject, id, "acc")).toEqual([7]);
    expect((await subject.backend.tracking.getRun(id)).metrics).toEqual({ loss: 4, acc: 7 });
    await log(subject, id, [{ points: [at("loss", 5), at("x", 0)] }]);
    expect(await stepsOf(subject, id, "loss")).toEqual([-3, 1, 4, 5]);
  }),

  "to a step leaves the marks, for what is left of what they stand for": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    await log(subject, id, [
      { points: [at("loss", 8), at("loss", 1)], mark: markOf("a") },
      { points: [at("loss", 2), at("loss", 9)] },
    ]);
    await rewindSteps(subject, id, { loss: 5 });
    await log(subject, id, [{ points: [at("loss", 5)] }]);
    expect(await stepsOf(subject, id, "loss")).toEqual([1, 2, 5]);
    await rewind(subject, id, "a");
    expect(await stepsOf(subject, id, "loss")).toEqual([1]);
  }),

  "keeps ten thousand keys apart": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    const keys = Array.from({ length: 10_000 }, (_, n) => `m${n}`);
    await log(subject, id, [
      { points: keys.map((key) => at(key, 0)), mark: markOf("a") },
      { points: keys.filter((_, n) => n % 2 === 0).map((key) => at(key, 1)) },
    ]);
    await rewind(subject, id, "a");
    const { latestMetrics } = await subject.backend.tracking.getRun(id);
    expect(latestMetrics.length).toBe(10_000);
    expect(latestMetrics.every(({ step }) => step === 0)).toBe(true);
  }),

  "is refused while the run is deleted": where("rewind", async (subject) => {
    const id = await endedRun(subject);
    await log(subject, id, [{ points: [at("loss", 0)], mark: markOf("a") }]);
    await subject.backend.tracking.deleteRun(id);
    await expectThat(rewind(subject, id, "a")).toReject({ code: "INVALID_STATE" });
  }),
};
