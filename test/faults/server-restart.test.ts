import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { expectDelivered, expectSettled, reportOf, spoolDirectory, startTraining } from "../support/faulty-training.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest } from "../support/plain-rest.ts";

describe.skipIf(leftOut("python"))("a server that is killed and started again on its database", () => {
  it("has all of 200,000 values in the end, each once and in order", async () => {
    const cwd = temporaryDirectory();
    let server = await startMlflowServer({ cwd });
    onTestFinished(() => server.kill());
    const training = { address: server.address, spool: spoolDirectory(), experiment: "restarts", count: 200_000 };
    const child = startTraining({ ...training, valuesPerSecond: 20_000, endTimeoutMs: 100_000 });
    await child.says("\n");
    await sleep(4_000);
    await server.kill();
    server = await startMlflowServer({ cwd, port: server.port });
    const report = await reportOf(child);
    expectSettled(report);
    expect(report.stats.retries).toBeGreaterThan(0);
    await expectDelivered(new PlainRest(server.address), training);
  });
});
