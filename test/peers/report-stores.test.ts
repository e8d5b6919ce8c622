import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/index.ts";
import { report } from "../../src/report/index.ts";
import { succeed } from "../support/child.ts";
import { bin } from "../support/command-line.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut, type Peer } from "../support/peers.ts";
import { readPage } from "../support/report-file.ts";
import { BATCHES, fullRun } from "../support/report-runs.ts";
import { BUCKET, type S3Server, startVersitygwServer } from "../support/s3-servers.ts";

/** A store that is no directory: how programs find it, and how it ends. */
interface Store {
  readonly uri: string;
  readonly options?: S3Server["options"];
  readonly env: Readonly<Record<string, string>>;
  kill(): Promise<void>;
}

async function startBucket(): Promise<Store> {
  const { options, kill } = await startVersitygwServer();
  const env = {
    AWS_ENDPOINT_URL_S3: options.endpoint,
    AWS_ACCESS_KEY_ID: options.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: options.credentials.secretAccessKey,
  };
  return { uri: `s3://${BUCKET}/reported`, options, env, kill };
}

async function startServer(): Promise<Store> {
  const { address, kill } = await startMlflowServer({});
  return { uri: address, env: {}, kill };
}

const stores: readonly [name: string, peer: Peer, start: () => Promise<Store>][] = [
  ["a bucket", "versitygw", startBucket],
  ["an MLflow server", "python", startServer],
];

describe.each(stores)("a report of a run in %s", (_, peer, start) => {
  describe.skipIf(leftOut(peer))("has all of it", () => {
    let store: Store;
    beforeAll(async () => {
      store = await start();
    });
    afterAll(() => store?.kill());

    it("from a program, and from the command line", async () => {
      const { uri, options, env } = store;
      const client = await connect(uri, options);
      onTestFinished(() => client.close());
      const id = await fullRun(client, "far away", 0.01);
      const [here, there] = [temporaryDirectory(), temporaryDirectory()].map((name) => join(name, "report.html"));
      expect((await report(id, { client, file: here as string })).leftOut).toEqual([]);
      await succeed(bin, ["--uri", uri, "report", id.slice(0, 12), "--out", there as string], { cwd: tmpdir(), env });
      const pages = [readPage(here as string), readPage(there as string)] as const;
      for (const { payload, curve, image } of pages) {
        const [run] = payload.runs;
        expect(run).toMatchObject({
          name: "far away",
          status: "FINISHED",
          experiment: "digits",
          description: "Handwritten digits, learned at a rate of 0.01.",
          params: [
            ["epochs", "20"],
            ["lr", "0.01"],
            ["optimizer.beta1", "0.9"],
            ["optimizer.name", "adam"],
          ],
          tags: [["team", "vision"]],
          datasets: [{ name: "digits", context: "training" }],
          matrices: [{ path: "confusion_matrix.json" }],
          tables: [{ path: "faq.json", totalRows: 1 }],
        });
        expect(payload.metricKeys).toContain("system/cpu_utilization_percentage");
        for (const key of payload.metricKeys) {
          const { steps, values } = await client.runs.metricHistory(id, key);
          expect({ steps: curve(key).steps, values: curve(key).values }, key).toEqual({
            steps: [...steps],
            values: [...values],
          });
        }
        expect(curve("batch/loss").values).toHaveLength(BATCHES);

        const images = run?.imageSeries.flatMap(({ key, steps }) => steps.map(({ step }) => `${key} ${step}`));
        expect(images).toEqual(["val/drawings 0", "val/drawings 5", "val/drawings 10"]);
        const [picture] = run?.pictures ?? [];
        expect(picture?.path).toBe("plots/loss.png");
        const stored = await client.artifacts.read({ runId: id, path: "plots/loss.png" });
        expect(image(picture?.image as NonNullable<typeof picture>["image"]).equals(stored)).toBe(true);

        expect(run?.models).toMatchObject([
          {
            name: "irises",
            status: "READY",
            flavors: expect.arrayContaining([["tfjs", expect.any(String)]]),
            inputs: [{ type: expect.stringContaining("float32") }],
            outputs: [{ type: expect.stringContaining("float32") }],
          },
        ]);
      }
      const [fromProgram, fromCli] = pages;
      expect({ ...fromCli.payload, madeAt: 0 }).toEqual({ ...fromProgram.payload, madeAt: 0 });
    });
  });
});
