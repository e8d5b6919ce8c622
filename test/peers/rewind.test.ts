import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect, dataset, type Run, startRun } from "../../src/index.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { runDirectory, temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runMlflow, runPython } from "../support/python.ts";
import { BUCKET, keysBelow, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";

const quiet = { captureEnvironment: false };

interface PythonRun {
  readonly info: { readonly status: string };
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly histories: Readonly<Record<string, readonly (readonly [number, string, number])[]>>;
}

/** Logs two epochs with a mark between them, and dies. */
async function trainAndFail(client: Client): Promise<Run> {
  const run = await startRun({ client, name: "training", params: { lr: 0.1 }, ...quiet });
  run.logInput(dataset({ name: "digits", data: [[1, 2]] }), { context: "training" });
  for (let batch = 0; batch < 2_500; batch++) run.logMetric("batch/loss", 1 / (batch + 1));
  run.logMetrics({ loss: 0.5, "val/loss": 0.6 });
  run.mark("epoch 1");
  for (let batch = 0; batch < 700; batch++) run.logMetric("batch/loss", -1);
  run.logMetrics({ loss: 0.1, exploded: Number.NaN });
  await run.end({ status: "FAILED" });
  return run;
}

/** Goes on from the mark as far as it had come. */
async function goOn(client: Client, runId: string): Promise<Run> {
  const run = await startRun({ client, runId, fromMark: "epoch 1", ...quiet });
  for (let batch = 0; batch < 100; batch++) run.logMetric("batch/loss", 2);
  run.logMetric("loss", 0.4);
  await run.end();
  return run;
}

async function expectRewound(client: Client, runId: string): Promise<void> {
  const batches = await client.runs.metricHistory(runId, "batch/loss");
  expect([...batches.steps]).toEqual(Array.from({ length: 2_600 }, (_, step) => step));
  expect([...batches.values.subarray(0, 2_500)]).toEqual(Array.from({ length: 2_500 }, (_, at) => 1 / (at + 1)));
  expect([...batches.values.subarray(2_500)]).toEqual(Array(100).fill(2));
  expect((await client.runs.get(runId)).latestMetrics).toMatchObject([
    { key: "batch/loss", step: 2_599, value: 2 },
    { key: "loss", step: 1, value: 0.4 },
    { key: "val/loss", step: 0, value: 0.6 },
  ]);
}

const lengthsOf = ({ histories }: PythonRun): Record<string, number> =>
  Object.fromEntries(Object.entries(histories).map(([key, points]) => [key, points.length]));

const REWOUND_LENGTHS = { "batch/loss": 2_600, loss: 2, "val/loss": 1 };

describe.skipIf(leftOut("python"))("a run that went on from a mark", () => {
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    server = await startMlflowServer({});
  });
  afterAll(() => server?.kill());

  it("in a directory is read by Python, and goes through migrate-filestore", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    const { id } = await goOn(client, (await trainAndFail(client)).id);
    await expectRewound(client, id);
    expect(readdirSync(join(runDirectory(mlruns, id), ".tidemark"))).toEqual(["marks"]);
    const theirs = (await runPython("read_run.py", [pathToFileURL(mlruns).href, id], directory)) as PythonRun;
    expect(lengthsOf(theirs)).toEqual(REWOUND_LENGTHS);
    expect(theirs.info.status).toBe("FINISHED");
    const database = `sqlite:///${join(directory, "migrated.db")}`;
    await runMlflow(["migrate-filestore", "--source", mlruns, "--target", database], directory);
    const migrated = (await runPython("read_run.py", [database, id], directory)) as PythonRun;
    expect(lengthsOf(migrated)).toEqual(REWOUND_LENGTHS);
  });

  it("at a server is another run, which Python finds linked to the first", async () => {
    const address = server?.address ?? "";
    const client = await connect(address);
    onTestFinished(() => client.close());
    const first = await trainAndFail(client);
    const second = await goOn(client, first.id);
    expect(second.id).not.toBe(first.id);
    await expectRewound(client, second.id);
    const read = async (id: string) =>
      (await runPython("read_run.py", [address, id], temporaryDirectory())) as PythonRun;
    const [old, copy] = [await read(first.id), await read(second.id)];
    expect(lengthsOf(copy)).toEqual(REWOUND_LENGTHS);
    expect(lengthsOf(old)).toEqual({ "batch/loss": 3_200, loss: 2, "val/loss": 1, exploded: 1 });
    expect(old.info.status).toBe("FAILED");
    expect(copy.info.status).toBe("FINISHED");
    expect(old.tags["tidemark.rewoundTo"]).toBe(second.id);
    expect(copy.tags["tidemark.rewoundFrom"]).toBe(first.id);
    expect(copy.params).toEqual({ lr: "0.1" });
    const { inputs, name } = await client.runs.get(second.id);
    expect(inputs.map((input) => input.dataset.name)).toEqual(["digits"]);
    expect(name).toBe("training");
  });

  it("at a server keeps marks of thousands of metrics in its tags", async () => {
    const client = await connect(server?.address ?? "");
    onTestFinished(() => client.close());
    const run = await startRun({ client, ...quiet });
    const keys = Array.from({ length: 1_000 }, (_, n) => `layer ${n}/${Math.sin(n)}`);
    for (const key of keys) run.logMetric(key, 1);
    run.mark("all");
    run.logMetric(keys[0] as string, 2);
    await run.end({ timeoutMs: 60_000 });
    expect((await client.runs.marks(run.id)).map(({ name }) => name)).toEqual(["all"]);
    const again = await startRun({ client, runId: run.id, fromMark: "all", ...quiet });
    await again.end();
    const { latestMetrics } = await client.runs.get(again.id);
    expect(latestMetrics).toHaveLength(1_000);
    expect(latestMetrics.every(({ value }) => value === 1)).toBe(true);
  });
});

describe.skipIf(leftOut("versitygw"))("a run in a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  it("goes on from a mark, and what was dropped leaves the bucket", async () => {
    const client = await connect(storeAt(server, "rewind"));
    onTestFinished(() => client.close());
    const first = await trainAndFail(client);
    const second = await goOn(client, first.id);
    expect(second.id).toBe(first.id);
    await expectRewound(client, first.id);
    // A reader that has never seen it before.
    const other = await connect(storeAt(server, "rewind"));
    onTestFinished(() => other.close());
    await expectRewound(other, first.id);
    const keys = await keysBelow(new S3Opener(server.options).bucket(BUCKET), `rewind/runs/run=${first.id}/`);
    expect(keys.filter((key) => key.includes("/seg/"))).toEqual([]);
    expect(keys.filter((key) => key.includes("/cmp/"))).toHaveLength(1);
  });
});
