import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
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
});
