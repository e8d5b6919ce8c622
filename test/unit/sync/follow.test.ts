import { join } from "node:path";
import { expect, it } from "vitest";
import { connect, startRun } from "../../../src/index.ts";
import { sync } from "../../../src/sync/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { contentOf } from "../../support/synced-stores.ts";

it("follows runs that go on, and ends when it is told to", async () => {
  const [from, to] = await Promise.all([0, 1].map(() => connect(join(temporaryDirectory(), "mlruns"))));
  if (from === undefined || to === undefined) throw new Error("no stores");
  const stop = new AbortController();
  const following = sync({ from, to, follow: true, signal: stop.signal });
  const run = await startRun({ client: from, experiment: "followed", captureEnvironment: false });
  run.logMetrics({ loss: 1, accuracy: 0.5 });
  await run.flush();
  const copied = async () => await to.runs.get(run.id).catch(() => undefined);
  const patience = { timeout: 15_000, interval: 50 };
  await expect.poll(async () => (await copied())?.metrics, patience).toEqual({ accuracy: 0.5, loss: 1 });
  run.logMetric("loss", 0.5);
  run.setTag("epoch", "2");
  await run.flush();
  await expect
    .poll(async () => [(await copied())?.metrics.loss, (await copied())?.tags.epoch], patience)
    .toEqual([0.5, "2"]);
  expect((await copied())?.status).toBe("RUNNING");
  run.setTag("epoch", "3");
  await run.end();
  await expect.poll(async () => (await copied())?.status, patience).toBe("FINISHED");
  stop.abort();
  expect(await following).toMatchObject({ conflicts: [], failures: [], copied: { runs: 1, values: 3 } });
  expect(await contentOf(to)).toEqual(await contentOf(from));
}, 60_000);
