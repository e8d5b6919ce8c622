import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { contentOf, fillStore } from "../support/synced-stores.ts";

describe.skipIf(leftOut("versitygw"))("sync with a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  it("copies all of a directory there and back, to the bit", async () => {
    const [from, to] = [await connect(join(temporaryDirectory(), "mlruns")), await connect(storeAt(server, "copy"))];
    await fillStore(from);
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    expect(await contentOf(to)).toEqual(await contentOf(from));
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], losses: [], failures: [], isEqual: true });

    const back = await connect(join(temporaryDirectory(), "mlruns"));
    expect(await sync({ from: to, to: back })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    expect(await contentOf(back)).toEqual(await contentOf(from));
    await to.close();
  });
});
