import { lutimesSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { gc } from "../../src/sync/gc/gc.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { TrainingChild } from "../support/training-child.ts";

const RUNS = 300;
const KILLS = 8;
const DAY_MS = 24 * 3_600_000;

it("a gc that is killed again and again loses nothing, and is finished by the next one", async () => {
  const mlruns = join(temporaryDirectory(), "mlruns");
  const client = await connect(mlruns);
  const random = randomFrom(SEED);
  const kept: string[] = [];
  for (let i = 0; i < RUNS; i++) {
    const { id } = await client.runs.create({ experimentId: "0" });
    await client.runs.logBatch({
      runId: id,
      metrics: [{ key: "loss", value: i }],
      params: [{ key: "i", value: `${i}` }],
    });
    if (i % 10 === 0) kept.push(id);
    else await client.runs.delete(id);
  }
  const killedAfter: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = new TrainingChild("collect-garbage.mjs", { store: mlruns }, mlruns);
    await child.says("begins\n");
    await sleep(random() * 10);
    child.process.kill("SIGKILL");
    await child.ended;
    const purged = child.stdout.split("\n").slice(1, -1);
    killedAfter.push(purged.length);
    for (const id of purged)
      expect(await client.runs.get(id).catch(({ code }) => code)).toBe("RESOURCE_DOES_NOT_EXIST");
    // Whatever is still there is whole.
    const { items } = await client.runs.search({ experimentIds: ["0"], viewType: "all" }).page();
    for (const { id, metrics, params } of items) expect(`${metrics.loss}`, id).toBe(params.i);
  }
  console.log(`killed after ${killedAfter.join(", ")} of ${RUNS} runs`);
  await gc({ store: client, olderThanMs: 0, dryRun: false });
  // What a killed one has left half deleted is not young for ever.
  for (const entry of readdirSync(join(mlruns, "0"), { withFileTypes: true, recursive: true }))
    lutimesSync(join(entry.parentPath, entry.name), 1, (Date.now() - 2 * DAY_MS) / 1_000);
  await gc({ store: client, olderThanMs: 0, dryRun: false });
  const left = readdirSync(join(mlruns, "0")).filter((name) => name !== "meta.yaml" && name !== "tags");
  expect(left.sort()).toEqual(kept.sort());
});
