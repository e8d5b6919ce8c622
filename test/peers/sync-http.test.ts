import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
import { fillDirectory, killSync, syncToTheEnd } from "../support/interrupted-sync.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { contentOf, fillStore } from "../support/synced-stores.ts";

describe.skipIf(leftOut("python"))("sync with an MLflow server", () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflowServer({});
  });
  afterAll(async () => {
    await server?.kill();
  });

  it("copies all of a directory there and back", async () => {
    const [from, to] = [await connect(join(temporaryDirectory(), "mlruns")), await connect(server.address)];
    await fillStore(from, { awkward: false });
    const first = await sync({ from, to });
    const losses = [{ where: "version 4 of digits", what: "modelId" }];
    expect(first).toMatchObject({ conflicts: [], losses, failures: [] });
    const alike = { keepsIds: false, keepsModelIds: false };
    expect(await contentOf(to, alike)).toEqual(await contentOf(from, alike));

    expect(await sync({ from, to })).toMatchObject({ conflicts: [], losses, failures: [], isEqual: true });

    const back = await connect(join(temporaryDirectory(), "mlruns"));
    expect(await sync({ from: to, to: back })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    expect(await contentOf(back, alike)).toEqual(await contentOf(from, alike));
    // A copy of a copy has its first id again: nothing is doubled where it came from.
    expect(await sync({ from: to, to: from })).toMatchObject({
      conflicts: [],
      failures: [],
      copied: { runs: 0, values: 0 },
    });
  });

  it("ends with an equal copy after SIGKILL", async () => {
    const source = join(temporaryDirectory(), "mlruns");
    await fillDirectory(source, 8, 1_100);
    // A run whose making was cut off is made again, and the first of the two is in the trash.
    const alike = { keepsIds: false, keepsModelIds: false, active: true };
    const other = await startMlflowServer({});
    onTestFinished(() => other.kill());
    for (let round = 0; round < 6; round++) await killSync(source, other.address, 3_000);
    await syncToTheEnd(source, other.address);
    expect(await syncToTheEnd(source, other.address)).toMatchObject({ conflicts: [], failures: [] });
    expect(await contentOf(await connect(other.address), alike)).toEqual(await contentOf(await connect(source), alike));
  }, 600_000);

  it("names what the server's database cannot hold, and does not try it again", async () => {
    const from = await connect(join(temporaryDirectory(), "mlruns"));
    const experimentId = await from.experiments.create({ name: "awkward" });
    const { id: runId } = await from.runs.create({ experimentId });
    const metrics = [-0, Number.POSITIVE_INFINITY, 1, 1].map((value, i) => ({
      key: "loss",
      value,
      step: Math.min(i, 2),
      timestamp: 5,
    }));
    await from.runs.logBatch({ runId, metrics });
    const to = server.address;
    const losses = [{ where: `run ${runId}`, what: "metrics.loss" }];
    expect(await sync({ from, to })).toMatchObject({ losses, copied: { values: 4 }, failures: [] });
    expect(await sync({ from, to })).toMatchObject({
      losses,
      copied: { values: 0 },
      equal: { values: 4 },
      isEqual: true,
    });
    const client = await connect(to);
    const [copy] = (
      await client.runs.search({ experimentIds: [(await client.experiments.getByName("awkward"))?.id ?? ""] }).page()
    ).items;
    expect(Array.from((await client.runs.metricHistory(copy?.id ?? "", "loss")).values)).toEqual([
      0,
      Number.MAX_VALUE,
      1,
    ]);
  });
});
