import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { FaultProxy } from "../support/fault-proxy.ts";
import {
  expectDelivered,
  expectSettled,
  expectSpooled,
  replaySpool,
  reportOf,
  spoolDirectory,
  startTraining,
} from "../support/faulty-training.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest } from "../support/plain-rest.ts";
import { repository } from "../support/repository.ts";

const NAME = "no-such-host.invalid";
const preload = pathToFileURL(join(repository, "test/faults/programs/late-name.mjs")).href;

describe.skipIf(leftOut("python"))("a server whose name is not found", () => {
  const serverAddress = inject("mlflowAddress");
  const rest = new PlainRest(serverAddress);

  async function prepare(experiment: string) {
    // MLflow answers only to names it knows; the proxy asks by address.
    const proxy = await FaultProxy.start(serverAddress);
    const file = join(temporaryDirectory(), "found");
    const address = proxy.address.replace("127.0.0.1", NAME);
    const env = { NODE_OPTIONS: `--import ${preload}`, LATE_NAME: NAME, LATE_NAME_FILE: file };
    return { training: { address, spool: spoolDirectory(), experiment, env }, find: () => writeFileSync(file, "") };
  }

  it("until the middle of a training", async () => {
    const { training, find } = await prepare("name found in the middle");
    const child = startTraining(training);
    await child.says("\n");
    await sleep(1_000);
    find();
    const report = await reportOf(child);
    expectSettled(report);
    expect(report.backendIdAtStart).toBeUndefined();
    await expectDelivered(rest, training);
  });

  it("until after the end of a training, whose spool is then replayed", async () => {
    const { training, find } = await prepare("name found at last");
    const report = await reportOf(startTraining({ ...training, endTimeoutMs: 500 }));
    expectSpooled(report);
    expect(report.stats.acknowledged).toBe(0);
    find();
    await replaySpool(training);
    await expectDelivered(rest, training);
  });
});
