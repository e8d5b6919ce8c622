import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { expectDelivered, expectSettled, reportOf, spoolDirectory, startTraining } from "../support/faulty-training.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest } from "../support/plain-rest.ts";

const COUNT = 200_000;
/** So many have arrived when the server is killed. */
const FIRST_PART = 20_000;

describe.skipIf(leftOut("python"))("a server that is killed and started again on its database", () => {
  it("has all of 200,000 values in the end, each once and in order", async () => {
    const cwd = temporaryDirectory();
    let server = await startMlflowServer({ cwd });
    onTestFinished(() => server.kill());
    const training = { address: server.address, spool: spoolDirectory(), experiment: "restarts", count: COUNT };
    const child = startTraining({ ...training, valuesPerSecond: 20_000, endTimeoutMs: 200_000 });
    const rest = new PlainRest(server.address);
    // In the middle of a batch, most likely.
    while (Number((await rest.runsOf(training.experiment))[0]?.metrics.loss ?? 0) < FIRST_PART) await sleep(100);
    await server.kill();
    server = await startMlflowServer({ cwd, port: server.port });
    const report = await reportOf(child);
    expectSettled(report);
    expect(report.stats.retries).toBeGreaterThan(0);
    await expectDelivered(rest, training);
  }, 300_000);
});
