import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import {
  answer,
  cutAnswer,
  cutRequest,
  type Fault,
  FaultProxy,
  hang,
  loseAnswer,
  pass,
  throttle,
} from "../support/fault-proxy.ts";
import {
  askSpool,
  expectDelivered,
  expectSettled,
  expectSpooled,
  replaySpool,
  reportOf,
  spoolDirectory,
  startTraining,
} from "../support/faulty-training.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest } from "../support/plain-rest.ts";
import { randomFrom, SEED } from "../support/random.ts";

const OUTAGE_MS = 1_000;

const page = (title: string) => `<!doctype html><title>${title}</title><h1>${title}</h1><p>nginx`;
const inOneSecond = () => ({ "retry-after": new Date(Date.now() + 1_000).toUTCString(), "content-type": "text/html" });

interface Outage {
  readonly name: string;
  /** What becomes of every request meanwhile; `undefined` for a closed port. */
  readonly fault: Fault | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

const outages: Outage[] = [
  { name: "refused connections", fault: undefined },
  // Else a request would wait for two minutes.
  { name: "a server that accepts and hangs", fault: hang, env: { MLFLOW_HTTP_REQUEST_TIMEOUT: "1" } },
  { name: "500 in JSON", fault: answer(500, { error_code: "INTERNAL_ERROR", message: "out of order" }, {}) },
  { name: "502 as a page", fault: answer(502, page("Bad Gateway"), { "content-type": "text/html" }) },
  { name: "503 with Retry-After in seconds", fault: answer(503, { detail: "starting" }, { "retry-after": "1" }) },
  { name: "429 as a page, with Retry-After as a date", fault: answer(429, page("Too Many Requests"), inOneSecond) },
  { name: "answers lost after the server has committed", fault: loseAnswer },
  { name: "answers cut in the middle", fault: cutAnswer },
  { name: "requests cut in the middle of their body", fault: cutRequest },
];

describe.skipIf(leftOut("python"))("a real server behind a faulty network", () => {
  const serverAddress = inject("mlflowAddress");
  const rest = new PlainRest(serverAddress);

  const begin = async (proxy: FaultProxy, { fault }: Outage) => {
    if (fault === undefined) await proxy.refuse();
    else proxy.script = () => fault;
  };
  const heal = async (proxy: FaultProxy, { fault }: Outage) => {
    if (fault === undefined) return await proxy.accept();
    // Else nothing was tested.
    expect(proxy.spoiled).toBeGreaterThan(0);
    proxy.script = () => pass;
  };

  describe.each(outages)("$name", (outage) => {
    it("from before the start until the middle of a training", async () => {
      const proxy = await FaultProxy.start(serverAddress);
      const training = {
        address: proxy.address,
        spool: spoolDirectory(),
        experiment: `start: ${outage.name}`,
        ...outage,
      };
      await begin(proxy, outage);
      const child = startTraining(training);
      await child.says("\n");
      await sleep(OUTAGE_MS);
      await heal(proxy, outage);
      const report = await reportOf(child);
      expectSettled(report);
      expect(report.backendIdAtStart).toBeUndefined();
      const run = await expectDelivered(rest, training);
      expect(run.id).toBe(report.backendId);
      expect(run.tags["tidemark.localRunId"]).toBe(report.runId);
    });

    it("in the middle of a training", async () => {
      const proxy = await FaultProxy.start(serverAddress);
      const training = {
        address: proxy.address,
        spool: spoolDirectory(),
        experiment: `middle: ${outage.name}`,
        ...outage,
      };
      const child = startTraining(training);
      await proxy.seen("/log-batch", 2);
      await begin(proxy, outage);
      await sleep(OUTAGE_MS);
      await heal(proxy, outage);
      const report = await reportOf(child);
      expect(report.stats.retries).toBeGreaterThan(0);
      expectSettled(report);
      await expectDelivered(rest, training);
    });

    it("from the middle until after the end of a training, whose spool is then replayed", async () => {
      const proxy = await FaultProxy.start(serverAddress);
      const training = {
        address: proxy.address,
        spool: spoolDirectory(),
        experiment: `end: ${outage.name}`,
        ...outage,
      };
      const child = startTraining({ ...training, endTimeoutMs: 500 });
      await proxy.seen("/log-batch", 2);
      await begin(proxy, outage);
      expectSpooled(await reportOf(child));
      await heal(proxy, outage);
      await replaySpool({ ...training, env: {} });
      await expectDelivered(rest, training);
    });
  });

  it("a server that accepts and hangs for good holds the end of a training for no more than 5 s", async () => {
    const proxy = await FaultProxy.start(serverAddress);
    const training = { address: proxy.address, spool: spoolDirectory(), experiment: "hangs for good" };
    // What `run.end` gives a server by itself.
    const child = startTraining({ ...training, endTimeoutMs: undefined });
    await proxy.seen("/log-batch", 2);
    proxy.script = () => hang;
    expectSpooled(await reportOf(child));
    proxy.script = () => pass;
    await replaySpool(training);
    await expectDelivered(rest, training);
  });

  it(`a network that spoils every third request in one way or another (TIDEMARK_TEST_SEED=${SEED})`, async () => {
    const proxy = await FaultProxy.start(serverAddress);
    const random = randomFrom(SEED);
    const faults = outages.flatMap(({ fault }) => fault ?? []);
    proxy.script = () => (random() < 0.67 ? pass : (faults[Math.floor(random() * faults.length)] as Fault));
    const env = { MLFLOW_HTTP_REQUEST_TIMEOUT: "1" };
    const training = { address: proxy.address, spool: spoolDirectory(), experiment: "spoiled", env };
    await reportOf(startTraining({ ...training, endTimeoutMs: 2_000 }));
    // Each stops where it gets no answer, and leaves the rest.
    for (let replay = 0; replay < 3; replay++) await askSpool("replay", training);
    proxy.script = () => pass;
    await replaySpool({ ...training, env: {} });
    await expectDelivered(rest, training);
  });

  it("40 kB/s", async () => {
    const proxy = await FaultProxy.start(serverAddress);
    proxy.script = () => slowly;
    const training = { address: proxy.address, spool: spoolDirectory(), experiment: "40 kB/s" };
    // More than the line takes while the training lasts: the rest follows, as slowly.
    const report = await reportOf(startTraining({ ...training, endTimeoutMs: 200 }));
    if (report.stats.pending > 0) await replaySpool(training);
    await expectDelivered(rest, training);
  });
});

const slowly = throttle(40_000);
