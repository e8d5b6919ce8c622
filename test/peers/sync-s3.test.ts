import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
import { fillDirectory, killSync, syncToTheEnd } from "../support/interrupted-sync.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { contentOf, fillStore } from "../support/synced-stores.ts";

const KILLS = 10;
/** Then what is left to do is little: a new target. */
const KILLS_OF_ONE_TARGET = 2;

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

  const environment = () => ({
    AWS_ENDPOINT_URL_S3: server.options.endpoint,
    AWS_ACCESS_KEY_ID: server.options.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.options.credentials.secretAccessKey,
    AWS_REGION: "us-east-1",
  });

  async function filled() {
    const source = join(temporaryDirectory(), "mlruns");
    await fillDirectory(source, 30, 1_100);
    return { source, expected: await contentOf(await connect(source)) };
  }

  /** As another program finds it. */
  async function contentAt(prefix: string) {
    const client = await connect(storeAt(server, prefix));
    const content = await contentOf(client);
    await client.close();
    return content;
  }

  it(`ends with an equal copy after SIGKILL at ${KILLS} random moments`, async () => {
    const { source, expected } = await filled();
    const env = environment();
    const { elapsedMs } = await syncToTheEnd(source, `s3://${BUCKET}/unharmed`, env);
    let interrupted = 0;
    for (let kill = 0; kill < KILLS; ) {
      const prefix = `killed-${kill}`;
      const to = `s3://${BUCKET}/${prefix}`;
      for (let i = 0; i < KILLS_OF_ONE_TARGET; i++, kill++) {
        // The first one has most to do.
        if (await killSync(source, to, i === 0 ? elapsedMs : elapsedMs / 2, env)) interrupted++;
      }
      expect(await syncToTheEnd(source, to, env)).toMatchObject({ conflicts: [], failures: [] });
      expect(await contentAt(prefix)).toEqual(expected);
      expect(await syncToTheEnd(source, to, env)).toMatchObject({ isEqual: true });
    }
    console.log(`SIGKILL: ${interrupted} of ${KILLS} syncs were still at work, of ${elapsedMs.toFixed(0)} ms each`);
    expect(interrupted).toBeGreaterThanOrEqual(KILLS / 2);
  }, 600_000);

  it("does no harm to another one that goes on at the same time, killed or not", async () => {
    const { source, expected } = await filled();
    const env = environment();
    for (let round = 0; round < 3; round++) {
      const prefix = `together-${round}`;
      const to = `s3://${BUCKET}/${prefix}`;
      const [first, second] = await Promise.all([
        syncToTheEnd(source, to, env),
        syncToTheEnd(source, to, env),
        killSync(source, to, 1_000, env),
      ]);
      expect([...first.conflicts, ...first.failures, ...second.conflicts, ...second.failures]).toEqual([]);
      expect(await contentAt(prefix)).toEqual(expected);
      expect(await syncToTheEnd(source, to, env)).toMatchObject({ isEqual: true });
    }
  }, 600_000);
});
