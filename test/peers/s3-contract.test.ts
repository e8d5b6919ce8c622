import { afterAll, beforeAll, describe, it } from "vitest";
import { backendContract } from "../contract/suite.ts";
import { leftOut } from "../support/peers.ts";
import { type S3Server, s3Servers, storeAt } from "../support/s3-servers.ts";

describe.each(s3Servers)("a bucket at %s", (_, peer, start) => {
  describe.skipIf(leftOut(peer))("is a backend:", () => {
    let server: S3Server;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.kill());

    // A prefix stands for a new bucket.
    let made = 0;
    for (const { name, run } of backendContract(() => storeAt(server, `contract/${made++}`))) it(name, run);
  });
});
