import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { startRun } from "../../src/fluent/start-run.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { backendContract } from "../contract/suite.ts";
import { runProgram } from "../support/child.ts";
import { bin } from "../support/command-line.ts";
import { type Fault, FaultProxy, pass } from "../support/fault-proxy.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import {
  BUCKET,
  keysBelow,
  type S3Server,
  startMinistackServer,
  startS3rverServer,
  storeAt,
} from "../support/s3-servers.ts";

const alone = { headIntervalMs: 0, concurrency: "single-writer" } as const;

describe.skipIf(leftOut("s3rver"))("a storage that takes conditions and keeps none", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3rverServer();
  });
  afterAll(() => server?.kill());

  it("is refused by the first write, and nothing is left there", async () => {
    const client = await connect(`s3://${BUCKET}/refused`, server.options);
    const refusal = {
      code: "NOT_IMPLEMENTED",
      message: expect.stringMatching(/ignores If-None-Match.*would be lost there.*concurrency: "single-writer"/),
    };
    await expect(client.experiments.create({ name: "digits" })).rejects.toMatchObject(refusal);
    await expect(client.registry.createModel({ name: "digits" })).rejects.toMatchObject(refusal);
    // Who only looks is not refused: there is nothing.
    expect(await client.experiments.getByName("digits")).toBeUndefined();
    await client.close();
    expect(await keysBelow(new S3Opener(server.options).bucket(BUCKET), "refused/")).toEqual([]);
  });

  it("is found out by doctor --race", async () => {
    const { endpoint, credentials } = server.options;
    const env = {
      MLFLOW_TRACKING_URI: `s3://${BUCKET}/raced`,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const { code, stdout } = await runProgram(bin, ["doctor", "--race"], { cwd: temporaryDirectory(), env });
    expect(stdout).toMatch(/^wrong +race +of 32 writers at once, 32 created one object.*is lost there$/m);
    expect(code).toBe(1);
  });
});

// s3rver answers before its files are written, and writes them in place: what it has taken cannot be read at once. This one only
// keeps no conditions.
describe.skipIf(leftOut("ministack"))("a storage that hears of no conditions", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startMinistackServer();
  });
  afterAll(() => server?.kill());

  /** An address of it that lasts until the test ends. */
  async function endpointWithoutConditions(): Promise<string> {
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    proxy.script = () => forgetConditions;
    return proxy.address;
  }

  it("keeps a training whose program is the only one that writes", async () => {
    const uri = `s3://${BUCKET}/alone`;
    const options = { ...server.options, endpoint: await endpointWithoutConditions() };
    const client = await connect(uri, { ...options, ...alone });
    const run = await startRun({ client, experiment: "digits", params: { lr: 0.1 } });
    for (let step = 0; step < 1_000; step++) run.logMetric("loss", 1 / (step + 1), { step });
    await run.logText("hello", "notes.txt");
    await run.end();
    const { id } = run;
    await client.close();
    // Readers need not say it. Writers must.
    const reader = await connect(uri, options);
    expect(await reader.runs.get(id)).toMatchObject({ status: "FINISHED", params: { lr: "0.1" } });
    expect((await reader.runs.metricHistory(id, "loss")).values).toHaveLength(1_000);
    expect(Buffer.from(await reader.artifacts.read({ runId: id, path: "notes.txt" })).toString()).toBe("hello");
    await expect(reader.runs.setTag({ runId: id, key: "a", value: "b" })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
    });
    await reader.close();
  });

  describe("is a backend for one writer:", () => {
    let made = 0;
    const makeBackend = async () =>
      storeAt(server, `contract/${made++}`, { ...alone, endpoint: await endpointWithoutConditions() });
    for (const { name, run } of backendContract(makeBackend)) it(name, run);
  });
});

const forgetConditions: Fault = async (exchange) => {
  const { headers } = exchange.incoming;
  delete headers["if-match"];
  delete headers["if-none-match"];
  await pass(exchange);
};
