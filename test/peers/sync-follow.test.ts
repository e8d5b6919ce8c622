import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { contentOf, fillStore, type Likeness } from "../support/synced-stores.ts";
import { TrainingChild } from "../support/training-child.ts";

/** A copy is a few seconds behind; a machine that is busy with all else may take longer. */
const PATIENCE = { timeout: 60_000, interval: 100 };
const LOOKS = 4;

/** The run that the child logs to, in a store that may have given it an id of its own. */
async function followedRun(client: Client) {
  const experiment = await client.experiments.getByName("alive");
  if (experiment === undefined) return undefined;
  const { items } = await client.runs.search({ experimentIds: [experiment.id] }).page();
  const [run] = items;
  if (run?.metrics.loss === undefined) return undefined;
  const { values } = await client.runs.metricHistory(run.id, "loss");
  return { status: run.status, count: values.length };
}

/** Copies a directory that a child process logs into, as it goes on, and sees that the copy is equal at the end. */
async function follow(to: Client, alike: Likeness): Promise<void> {
  const mlruns = join(temporaryDirectory(), "mlruns");
  const from = await connect(mlruns);
  onTestFinished(() => from.close());
  await fillStore(from, { awkward: false });
  const stop = new AbortController();
  const following = sync({ from, to, follow: true, signal: stop.signal });
  const child = new TrainingChild("log-steadily.mjs", {}, mlruns);
  onTestFinished(() => void child.process.kill("SIGKILL"));
  await child.says("\n");
  const behindMs: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    // More each time: it is not one look at the source that is seen here.
    const least = (behindMs.length + 1) * 15;
    await expect.poll(async () => (await followedRun(from))?.count, PATIENCE).toBeGreaterThan(least);
    const { count = 0 } = (await followedRun(from)) ?? {};
    const since = performance.now();
    await expect.poll(async () => (await followedRun(to))?.count, PATIENCE).toBeGreaterThanOrEqual(count);
    behindMs.push(Math.round(performance.now() - since));
    expect((await followedRun(to))?.status).toBe("RUNNING");
  }
  console.log(`the copy of a run that goes on was ${behindMs.join(", ")} ms behind`);
  child.process.kill("SIGTERM");
  expect(await child.ended).toEqual({ code: 0, signal: null });
  await expect.poll(async () => (await followedRun(to))?.status, PATIENCE).toBe("FINISHED");
  stop.abort();
  expect(await following).toMatchObject({ conflicts: [], failures: [] });
  expect(await contentOf(to, alike)).toEqual(await contentOf(from, alike));
  expect(await sync({ from, to })).toMatchObject({ isEqual: true });
}

describe("sync that follows a directory while a program logs into it", () => {
  it.skipIf(leftOut("versitygw"))(
    "brings values to a bucket before the run ends",
    async () => {
      const server = await startVersitygwServer();
      onTestFinished(() => server.kill());
      const to = await connect(storeAt(server, "followed"));
      onTestFinished(() => to.close());
      await follow(to, {});
    },
    300_000,
  );

  it.skipIf(leftOut("python"))(
    "brings values to an MLflow server before the run ends",
    async () => {
      const server = await startMlflowServer({});
      onTestFinished(() => server.kill());
      const to = await connect(server.address);
      onTestFinished(() => to.close());
      await follow(to, { keepsIds: false, keepsModelIds: false });
    },
    300_000,
  );
});
