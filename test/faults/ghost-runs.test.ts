import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { arriveLate, type Fault, FaultProxy, loseAnswer, pass } from "../support/fault-proxy.ts";
import {
  expectDelivered,
  expectSettled,
  onlyRun,
  replaySpool,
  reportOf,
  spoolDirectory,
  startTraining,
} from "../support/faulty-training.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest } from "../support/plain-rest.ts";

const LATE_MS = 600;

describe.skipIf(leftOut("python"))("a run whose creation was not answered", () => {
  const serverAddress = inject("mlflowAddress");
  const rest = new PlainRest(serverAddress);

  async function prepare(experiment: string, fault: Fault, times = Number.POSITIVE_INFINITY) {
    const proxy = await FaultProxy.start(serverAddress);
    proxy.script = ({ path }) => (path.endsWith("/runs/create") && proxy.spoiled < times ? fault : pass);
    return { proxy, training: { address: proxy.address, spool: spoolDirectory(), experiment } };
  }

  it("is found again where the server has made it: no second one is left", async () => {
    const { proxy, training } = await prepare("answer lost", loseAnswer, 1);
    expectSettled(await reportOf(startTraining(training)));
    expect(proxy.spoiled).toBe(1);
    await expectDelivered(rest, training);
  });

  it("is found again where no answer to a creation ever arrives", async () => {
    const { proxy, training } = await prepare("answers lost", loseAnswer);
    expectSettled(await reportOf(startTraining(training)));
    expect(proxy.spoiled).toBeGreaterThan(0);
    await expectDelivered(rest, training);
  });

  it("is the only one left where the server makes the first one after the second", async () => {
    const { proxy, training } = await prepare("arrives late", arriveLate(LATE_MS), 1);
    const report = await reportOf(startTraining(training));
    expectSettled(report);
    expect(proxy.spoiled).toBe(1);
    const run = await expectDelivered(rest, training);
    expect(run.id).toBe(report.backendId);
  });

  it.each([
    { moment: "before the answer", fault: loseAnswer, waitMs: 0 },
    { moment: "before the request arrives", fault: arriveLate(LATE_MS), waitMs: 2 * LATE_MS },
  ])(
    "is the only one after its program was killed $moment and its spool is replayed",
    async ({ moment, fault, waitMs }) => {
      const { proxy, training } = await prepare(`killed ${moment}`, fault, 1);
      const child = startTraining(training);
      await proxy.seen("/runs/create");
      child.process.kill("SIGKILL");
      await child.ended;
      await sleep(waitMs);
      await replaySpool(training);
      const run = await onlyRun(rest, training.experiment);
      expect(run.tags.team).toBe("tide");
    },
  );
});
