import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { openRun } from "../../src/tracking/open-run.ts";
import { leftOut } from "../support/peers.ts";
import { type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";

let made = 0;

describe.skipIf(leftOut("versitygw"))("runs in a bucket that may have lost their process", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  async function newStore() {
    const prefix = `life/${made++}`;
    const open = async () => {
      const client = await connect(storeAt(server, prefix));
      onTestFinished(() => client.close());
      return client;
    };
    return { client: await open(), other: await open() };
  }

  const silent = { olderThanMs: 0 };
  const openAt = async (client: Awaited<ReturnType<typeof newStore>>["client"]) =>
    await openRun(client.backend, { experiment: "Default", captureEnvironment: false, flushIntervalMs: 100 });

  it("were heard of when their newest object was written", async () => {
    const { client } = await newStore();
    const startTime = Date.now() - 3_600_000;
    const { id } = await client.runs.create({ experimentId: "0", startTime });
    const lastSign = async () => (await client.runs.lifeSigns([await client.runs.get(id)], silent))[0]?.lastSign ?? 0;
    const afterHead = await lastSign();
    expect(afterHead).toBeGreaterThan(Date.now() - 60_000);
    await sleep(1_100);
    await client.runs.logBatch({ runId: id, metrics: [{ key: "loss", value: 1 }] });
    const afterSegment = await lastSign();
    expect(afterSegment).toBeGreaterThan(afterHead);
    await sleep(1_100);
    const { artifactUri } = await client.runs.get(id);
    await client.backend.artifacts(artifactUri).write("a.txt", Buffer.from("a"));
    expect(await lastSign()).toBeGreaterThan(afterSegment);
    const [none] = (await client.backend.tracking.lastWrites?.([{ ...(await client.runs.get(id)), id: "gone" }])) ?? [];
    expect(none).toBe(0);
  });

  it("are ended with their last values, and go on with all of them when they live after all", async () => {
    const { client, other } = await newStore();
    const run = await openAt(client);
    run.logMetric("loss", 1);
    await run.flush();
    const [reaped] = await other.runs.reap(silent);
    expect(reaped?.run.id).toBe(run.id);
    expect(await other.runs.get(run.id)).toMatchObject({ status: "KILLED", metrics: { loss: 1 } });
    run.logMetric("loss", 2);
    await run.flush();
    await client.backend.tracking.reviveRun?.(run.id, "tidemark.reaped");
    const revived = await other.runs.get(run.id);
    expect(revived).toMatchObject({ status: "RUNNING", metrics: { loss: 2 } });
    expect(revived.tags["tidemark.reaped"]).toBeUndefined();
    await run.end();
    expect(await other.runs.get(run.id)).toMatchObject({ status: "FINISHED", metrics: { loss: 2 } });
  });

  it("are not ended twice: whoever ends one by itself has the last word", async () => {
    const { client, other } = await newStore();
    const runs = await Promise.all(Array.from({ length: 4 }, () => openAt(client)));
    const ends = runs.map(async (run, index) => {
      await sleep(index * 15);
      await run.end();
    });
    await Promise.all([...ends, other.runs.reap(silent)]);
    for (const { id } of runs) expect((await other.runs.get(id)).status).toBe("FINISHED");
    expect(await other.runs.reap(silent)).toEqual([]);
  });
});
