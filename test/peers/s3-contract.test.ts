import { afterAll, beforeAll, describe, it } from "vitest";
import { s3Backend } from "../../src/s3/index.ts";
import { backendContract } from "../contract/suite.ts";
import { leftOut } from "../support/peers.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

const BUCKET = "store";

describe.skipIf(leftOut("versitygw"))("a bucket", () => {
  let server: Versitygw;
  beforeAll(async () => {
    server = await startVersitygw(BUCKET);
  });
  afterAll(() => server?.kill());

  let made = 0;
  /** A prefix stands for a new bucket. */
  const makeBackend = () =>
    s3Backend({
      uri: `s3://${BUCKET}/contract/${made++}`,
      endpoint: server.address,
      region: "us-east-1",
      credentials: server.keys,
      // This storage has no limit.
      headIntervalMs: 0,
    });

  for (const { name, run } of backendContract(makeBackend)) it(name, run);
});
