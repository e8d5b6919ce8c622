import { expect, it } from "vitest";
import { startCountingServer } from "../support/counting-server.ts";
import { askSpool, replaySpool, spoolDirectory } from "../support/faulty-training.ts";
import { freePort } from "../support/mlflow-server.ts";
import { TrainingChild } from "../support/training-child.ts";

const RUNS = 80;
const VALUES_OF_RUN = 1_000;
const REPLAYERS = 6;

it(`${REPLAYERS} replays at once send nothing twice`, async () => {
  const port = await freePort();
  const [address, spool] = [`http://127.0.0.1:${port}`, spoolDirectory()];
  const argument = { runs: RUNS, valuesOfRun: VALUES_OF_RUN, experiment: "counted" };
  const child = new TrainingChild("faults/log-runs-offline.mjs", argument, address, { TIDEMARK_SPOOL_DIR: spool });
  expect((await child.ended).code, child.stderr).toBe(0);

  // A server that, unlike MLflow's, takes what it has already.
  const server = await startCountingServer(port, RUNS * VALUES_OF_RUN);
  await Promise.all(Array.from({ length: REPLAYERS }, () => replaySpool({ address, spool })));
  expect((await askSpool("list", { address, spool })).stdout.trim()).toBe("[]");
  expect(server.timesOfStep.findIndex((times) => times !== 1)).toBe(-1);
});
