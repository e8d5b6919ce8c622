import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunMetrics } from "../../src/s3/metrics/run-metrics.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { succeed } from "../support/child.ts";
import { batchOf, type LoggedValue } from "../support/metric-batches.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut, pythonPath } from "../support/peers.ts";
import { bits, pythonEnvironment } from "../support/python.ts";
import { repository } from "../support/repository.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

const BUCKET = "metrics";

/** What `test/peers/python/s3_metrics.py` tells. */
interface Seen {
  readonly pandas: readonly [key: string, step: number, timestamp: number, value: string][];
  readonly columns: readonly string[];
  readonly models: readonly string[];
  readonly counts: readonly [key: string, count: number, lastStep: number, run: string][];
  readonly loss: readonly [step: number, value: string][];
  readonly groups: number;
  readonly key_bounds: readonly [least: string, greatest: string][];
}

const KEYS = ["accuracy", "loss", "val/ü"];
const VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, 0.1 + 0.2];

describe.skipIf(leftOut("python", "versitygw"))("the metrics of a run, with Python,", () => {
  let server: Versitygw;
  beforeAll(async () => {
    server = await startVersitygw(BUCKET);
  });
  afterAll(() => server?.kill());

  function newRun() {
    const runId = randomUUID().replaceAll("-", "");
    const { address: endpoint, keys: credentials } = server;
    const client = new S3Opener({ endpoint, region: "us-east-1", credentials }).bucket(BUCKET);
    const path = `store/runs/run=${runId}`;
    return { runId, path, metrics: new RunMetrics({ client, prefix: `${path}/`, runId, writerId: "process" }) };
  }

  async function python<T>(step: "read" | "write", path: string): Promise<T> {
    const { accessKeyId, secretAccessKey } = server.keys;
    const env = {
      ...pythonEnvironment,
      MLFLOW_S3_ENDPOINT_URL: server.address,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const script = join(repository, "test/peers/python/s3_metrics.py");
    return JSON.parse(
      await succeed(pythonPath(), [script, BUCKET, step, path], { cwd: temporaryDirectory(), env }),
    ) as T;
  }

  it("are read by pyarrow, pandas and DuckDB, bit for bit, live and compacted", async () => {
    const { runId, path, metrics } = newRun();
    const logged: LoggedValue[] = [];
    const log = async (count: number, more: Partial<LoggedValue> = {}) => {
      const from = logged.length / KEYS.length;
      const values = Array.from({ length: count * KEYS.length }, (_, i) => {
        const step = from + Math.floor(i / KEYS.length);
        const value = VALUES[step] ?? Math.sin(step) / 3;
        return { key: KEYS[i % KEYS.length] as string, step, value, timestamp: 1_700_000_000_000 + step, ...more };
      });
      logged.push(...values);
      await metrics.append(...batchOf(values));
    };
    const check = (seen: Seen) => {
      const sorted = KEYS.flatMap((key) => logged.filter((value) => value.key === key));
      expect(seen.pandas).toEqual(sorted.map(({ key, step, timestamp, value }) => [key, step, timestamp, bits(value)]));
      expect(seen.loss).toEqual(
        sorted.filter(({ key }) => key === "loss").map(({ step, value }) => [step, bits(value)]),
      );
      const count = logged.length / KEYS.length;
      expect(seen.counts).toEqual(KEYS.map((key) => [key, count, count - 1, runId]));
      expect(seen).toMatchObject({ run_ids: [runId], formats: ["1"], created_by: ["tidemark"], models: ["m-1"] });
      expect(seen.columns).toEqual(["dataset_digest", "dataset_name", "key", "model", "step", "timestamp", "value"]);
    };
    await log(500);
    await log(500, { modelId: "m-1", dataset: { name: "test", digest: "12" } });
    check(await python<Seen>("read", path));
    await metrics.compact();
    check(await python<Seen>("read", path));
    await log(10_000);
    check(await python<Seen>("read", path));
    await metrics.compact();
    const seen = await python<Seen>("read", path);
    check(seen);
    // Who asks for one key reads one group of three.
    expect(seen.key_bounds).toEqual(KEYS.map((key) => [key, key]));
  });

  it("are read by us where pyarrow has written them", async () => {
    const { path, metrics } = newRun();
    await python("write", path);
    const check = async () => {
      const loss = await metrics.history("loss");
      expect(loss.values).toEqual(Float64Array.from({ length: 2_000 }, (_, i) => 1 / (i + 1)));
      expect(loss.steps).toEqual(Float64Array.from({ length: 2_000 }, (_, i) => i));
      expect([...(await metrics.history("accuracy")).values]).toEqual([0.5, Number.NaN, -0]);
      expect(await metrics.modelMetrics("m-2")).toMatchObject([{ key: "accuracy", value: -0, step: 2 }]);
    };
    // Three files of the same rows: each of them once.
    await check();
    await metrics.compact();
    await check();
  });
});
