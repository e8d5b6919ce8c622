import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { loadModel } from "../../src/models/index.ts";
import { succeed } from "../support/child.ts";
import { bin } from "../support/command-line.ts";
import { freePort, type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { repository } from "../support/repository.ts";
import { BUCKET, type S3Server, startVersitygwServer } from "../support/s3-servers.ts";

describe.skipIf(leftOut("versitygw"))("the quickstart in a bucket", () => {
  let server: S3Server | undefined;
  afterAll(() => server?.kill());

  it("runs unchanged, and leaves a run that is listed and a model that loads", async () => {
    server = await startVersitygwServer();
    const uri = `s3://${BUCKET}/quickstart`;
    const cwd = temporaryDirectory();
    const env = {
      MLFLOW_TRACKING_URI: uri,
      TIDEMARK_SPOOL_DIR: join(cwd, "spool"),
      AWS_ENDPOINT_URL_S3: server.options.endpoint,
      AWS_ACCESS_KEY_ID: server.options.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.options.credentials.secretAccessKey,
    };
    await succeed(process.execPath, [join(repository, "examples/quickstart.mjs")], { cwd, env });
    expect(await succeed(bin, ["runs", "list", "-e", "digits", "--columns", "status"], { cwd, env })).toBe(
      "status\nFINISHED",
    );
    expect(await succeed(bin, ["spool", "list"], { cwd, env })).toBe("");

    const client = await connect(uri, server.options);
    const experiment = await client.experiments.getByName("digits");
    const { items } = await client.runs.search({ experimentIds: [experiment?.id ?? ""] }).page();
    expect(items).toHaveLength(1);
    const [{ id = "" } = {}] = items;
    expect((await client.runs.metricHistory(id, "batch_loss")).values.length).toBe(1_200);
    const files = (await client.artifacts.list({ runId: id })).map(({ path }) => path);
    expect(files).toContain("confusion-matrix.json");
    const model = await loadModel(`runs:/${id}/model`, { client, cache: false });
    expect(model.flavors).toEqual(["onnx", "python_function", "tfjs"]);
    await model.close();
    await client.close();
  });
});

/** What no two trainings have in common. */
const TIMED = /^(examples_per_second|epoch_seconds)$/;

describe.skipIf(leftOut("python"))("the quickstart", () => {
  let server: MlflowServer | undefined;
  afterAll(() => server?.kill());

  it("records the same at a server that is there, and at one that is started when it has ended", async () => {
    const port = await freePort();
    const cwd = temporaryDirectory();
    const env = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`, TIDEMARK_SPOOL_DIR: join(cwd, "spool") };
    const quickstart = () => succeed(process.execPath, [join(repository, "examples/quickstart.mjs")], { cwd, env });
    expect(await quickstart()).toContain("npx tidemark spool replay");
    server = await startMlflowServer({ port });
    expect(await succeed(bin, ["spool", "replay"], { cwd, env })).toMatch(/: \d+ entries delivered$/);
    expect(await succeed(bin, ["spool", "list"], { cwd, env })).toBe("");
    expect(await quickstart()).toContain(`Look at it in MLflow's UI: ${server.address}`);

    const client = await connect(server.address);
    const experiment = await client.experiments.getByName("digits");
    const { items } = await client.runs.search({ experimentIds: [experiment?.id ?? ""] }).page();
    expect(items.map(({ status }) => status)).toEqual(["FINISHED", "FINISHED"]);
    const [there, waited] = await Promise.all(
      items.map(async ({ id, params, metrics, inputs }) => ({
        params,
        metrics: Object.fromEntries(Object.entries(metrics).filter(([key]) => !TIMED.test(key))),
        inputs: inputs.map(({ dataset, tags }) => [dataset.digest, tags]),
        batchLosses: (await client.runs.metricHistory(id, "batch_loss")).values,
        files: (await client.artifacts.list({ runId: id })).filter(({ path }) => !["git", "model"].includes(path)),
        confusion: await client.artifacts.read({ runId: id, path: "confusion-matrix.json" }),
      })),
    );
    // Logged models are made by the server: of a run that had none, the model is among the files.
    for (const { id } of items) {
      const model = await loadModel(`runs:/${id}/model`, { client, cache: false });
      expect(model.flavors).toEqual(["onnx", "python_function", "tfjs"]);
      await model.close();
    }
    await client.close();
    expect(there?.batchLosses.length).toBe(1_200);
    // The seeds of the network are fixed, so that two trainings are one.
    expect(waited).toEqual(there);
  });
});
