import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/index.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { sync } from "../../src/sync/index.ts";
import {
  expectRefused,
  expectRest,
  HTML,
  hostileSource,
  LINKED_RUN_ID,
  MODEL_ID,
  RUN_ID,
} from "../support/hostile-source.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, keysBelow, startVersitygwServer, storeAt } from "../support/s3-servers.ts";

describe("a hostile source", () => {
  it.skipIf(leftOut("versitygw"))("writes nothing outside of a bucket's prefix, and all that is sound", async () => {
    const server = await startVersitygwServer();
    onTestFinished(() => server.kill());
    const to = await connect(storeAt(server, "a/copy"));
    onTestFinished(() => to.close());
    const report = await sync({ from: await connect(hostileSource()), to });
    const keys = await keysBelow(new S3Opener(server.options).bucket(BUCKET), "");
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.startsWith("a/copy/") || key.split("/").includes(".."))).toEqual([]);
    expectRefused(report);
    await expectRest(to);
  });

  it.skipIf(leftOut("python"))("gives an MLflow server all that is sound, and reports the rest", async () => {
    const server = await startMlflowServer({});
    onTestFinished(() => server.kill());
    const to = await connect(server.address);
    onTestFinished(() => to.close());
    const from = await connect(hostileSource());
    // A source above the root is one that MLflow refuses by itself.
    expectRefused(await sync({ from, to }), ["version 2 of digits: version"]);
    const { id = "" } = (await to.experiments.getByName(HTML)) ?? {};
    const runs = (await to.runs.search({ experimentIds: [id] }).page()).items;
    const models = (await to.loggedModels.search({ experimentIds: [id] }).page()).items;
    expect([runs.length, models.length]).toEqual([2, 1]);
    const copyOf = (origin: string) =>
      [...runs, ...models].find(({ tags }) => tags["tidemark.syncedFrom"] === origin)?.id ?? "";
    await expectRest(to, { run: copyOf(RUN_ID), linkedRun: copyOf(LINKED_RUN_ID), model: copyOf(MODEL_ID) });
    const again = await sync({ from, to });
    expect(Object.values(again.copied).every((count) => count === 0)).toBe(true);
  });
});
