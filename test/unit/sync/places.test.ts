import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../../src/index.ts";
import { sync } from "../../../src/sync/index.ts";
import { withCalls } from "../../support/changed-calls.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

afterEach(() => vi.unstubAllEnvs());

/** Counts who comes, and has an empty answer for everybody. */
async function listening() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization?.split(" ")[0] ?? "nobody"}`);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return { asked, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A directory whose only run says that its files are somewhere else. */
async function sourceThatNames(artifactUri: string) {
  const { backend } = await connect(join(temporaryDirectory(), "mlruns"));
  const { id } = await backend.tracking.createRun({ experimentId: "0", name: "elsewhere", startTime: 1 });
  await backend.tracking.updateRun({ runId: id, status: "FINISHED", endTime: 2 });
  const tracking = withCalls(backend.tracking, {
    searchRuns: async (query) => {
      const page = await backend.tracking.searchRuns(query);
      return { ...page, items: page.items.map((run) => ({ ...run, artifactUri })) };
    },
  });
  return { id, from: withCalls(backend, { tracking }) };
}

const target = async () => await connect(join(temporaryDirectory(), "mlruns"));

describe("a place that the source names", () => {
  it("is not asked for where it is a server, unless that is allowed", async () => {
    const { asked, address } = await listening();
    const place = `${address}/api/2.0/mlflow-artifacts/artifacts/secret`;
    const { id, from } = await sourceThatNames(place);
    const failures = [
      {
        where: `run ${id}`,
        what: "artifacts",
        code: "INVALID_PARAMETER_VALUE",
        message: expect.stringContaining("artifactDirectories"),
      },
    ];
    expect(await sync({ from, to: await target() })).toMatchObject({ failures, copied: { runs: 1 } });
    const beside = [`${address}/api/2.0/mlflow-artifacts/artifacts/sec`, "s3://secret", "/"];
    expect(await sync({ from, to: await target(), artifactDirectories: beside })).toMatchObject({ failures });
    expect(asked).toEqual([]);
    const allowed = [`${address}/api/2.0/mlflow-artifacts/artifacts/`];
    expect(await sync({ from, to: await target(), artifactDirectories: allowed })).toMatchObject({ failures: [] });
    expect(asked).not.toEqual([]);
  });

  it("is not opened with the user's keys where it is a bucket, unless that is allowed", async () => {
    const { asked, address } = await listening();
    vi.stubEnv("AWS_ENDPOINT_URL_S3", address);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "key");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_REGION", "us-east-1");
    const { id, from } = await sourceThatNames("s3://private/keys");
    const failures = [{ where: `run ${id}`, what: "artifacts", code: "INVALID_PARAMETER_VALUE" }];
    for (const artifactDirectories of [[], ["s3://private/key"], ["s3://priv"], ["s3://other"]]) {
      expect(await sync({ from, to: await target(), artifactDirectories })).toMatchObject({ failures });
    }
    expect(asked).toEqual([]);
    await sync({ from, to: await target(), artifactDirectories: ["s3://private/"] });
    expect(asked[0]).toMatch(/^GET \/private.* AWS4-HMAC-SHA256$/);
  });

  it("is not the source's own where it is another server's", async () => {
    const { address } = await listening();
    const { id, from } = await sourceThatNames(`mlflow-artifacts://127.0.0.1:9/1`);
    const served = withCalls(from, {});
    const failures = [{ where: `run ${id}`, what: "artifacts", code: "INVALID_PARAMETER_VALUE" }];
    const named = { ...served, uri: address };
    expect(await sync({ from: named, to: await target() })).toMatchObject({ failures });
  });
});
