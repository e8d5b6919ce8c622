import { expect, it } from "vitest";
import type { QueueStats } from "../../src/queue/queue-stats.ts";
import { startCountingServer } from "../support/counting-server.ts";
import { replaySpool, spoolDirectory } from "../support/faulty-training.ts";
import { freePort } from "../support/mlflow-server.ts";
import { TrainingChild } from "../support/training-child.ts";

const COUNT = 1_000_000;
const MOST_GROWTH_BYTES = 64 * 2 ** 20;

it("a million values for a dead server cost no memory worth mentioning, and all of them arrive later", async () => {
  const port = await freePort();
  const [address, spool] = [`http://127.0.0.1:${port}`, spoolDirectory()];
  const child = new TrainingChild("faults/log-offline.mjs", { count: COUNT, experiment: "counted" }, address, {
    TIDEMARK_SPOOL_DIR: spool,
  });
  expect((await child.ended).code, child.stderr).toBe(0);
  const { growth, stats } = JSON.parse(child.stdout) as { growth: number; stats: QueueStats };
  expect(stats).toMatchObject({
    acknowledged: 0,
    rejected: 0,
    dropped: 0,
    pending: stats.appended,
    spooled: stats.appended,
  });
  console.log(`memory grew by ${Math.round(growth / 2 ** 20)} MiB during ${COUNT} values for a dead server`);
  expect(growth).toBeLessThanOrEqual(MOST_GROWTH_BYTES);

  const server = await startCountingServer(port, COUNT);
  await replaySpool({ address, spool });
  expect(server.timesOfStep.findIndex((times) => times !== 1)).toBe(-1);
  expect(server).toMatchObject({ status: "FINISHED", creations: 1 });
});
