import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { startTidemark } from "../support/command-line.ts";
import { startCountingServer } from "../support/counting-server.ts";
import { askSpool, replaySpool, spoolDirectory } from "../support/faulty-training.ts";
import { freePort } from "../support/mlflow-server.ts";
import { TrainingChild } from "../support/training-child.ts";

const REPLAYERS = 6;
const KILLS = 5;
const BATCHES_BEFORE_A_KILL = 7;
/** What a replay has sent and not yet noted as taken when it is killed. */
const MOST_VALUES_SENT_AT_ONCE = 4_000;

/** Leaves runs in a new spool; each value has a step of its own. */
async function leave(runs: number, valuesOfRun: number) {
  const port = await freePort();
  const [address, spool] = [`http://127.0.0.1:${port}`, spoolDirectory()];
  const argument = { runs, valuesOfRun, experiment: "counted" };
  const child = new TrainingChild("faults/log-runs-offline.mjs", argument, address, { TIDEMARK_SPOOL_DIR: spool });
  expect((await child.ended).code, child.stderr).toBe(0);
  return { port, address, spool, count: runs * valuesOfRun };
}

it(`${REPLAYERS} replays at once send nothing twice`, async () => {
  const { port, address, spool, count } = await leave(80, 1_000);
  // A server that, unlike MLflow's, takes what it has already.
  const server = await startCountingServer(port, count);
  await Promise.all(Array.from({ length: REPLAYERS }, () => replaySpool({ address, spool })));
  expect((await askSpool("list", { address, spool })).stdout.trim()).toBe("[]");
  expect(server.timesOfStep.findIndex((times) => times !== 1)).toBe(-1);
});

it(`a replay that is killed ${KILLS} times brings everything in the end, and repeats no more than what was on its way`, async () => {
  const { port, address, spool, count } = await leave(1, 60_000);
  const server = await startCountingServer(port, count, 5);
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = server.batches + BATCHES_BEFORE_A_KILL;
    const { child, ended } = startTidemark(address, "spool", "replay", "--dir", spool);
    while (server.batches < enough) await sleep(1);
    child.kill("SIGKILL");
    await ended;
  }
  await replaySpool({ address, spool });
  expect(server.timesOfStep.indexOf(0)).toBe(-1);
  const repeated = server.timesOfStep.reduce((sum, times) => sum + times, 0) - count;
  console.log(`${KILLS} killed replays sent ${repeated} of ${count} values twice`);
  expect(repeated).toBeLessThanOrEqual(KILLS * MOST_VALUES_SENT_AT_ONCE);
  expect(server).toMatchObject({ status: "FINISHED", creations: 1 });
});
