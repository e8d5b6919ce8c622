import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replaySpool, spoolDirectory } from "../support/faulty-training.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { BUCKET, type S3Server, startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { TrainingChild } from "../support/training-child.ts";

const CHILDREN = 20;
const AT_ONCE = 3;
const FLUSH_INTERVAL_MS = 100;

describe.skipIf(leftOut("versitygw"))("programs that log into a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  it(`and are killed lose nothing older than flushIntervalMs and double nothing (seed ${SEED})`, async () => {
    const { endpoint, credentials } = server.options;
    const address = `s3://${BUCKET}/killed`;
    const directory = temporaryDirectory();
    const spool = spoolDirectory();
    const random = randomFrom(SEED);
    const env = {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      TIDEMARK_SPOOL_DIR: spool,
    };
    const killOne = async (number: number): Promise<readonly [string, Float64Array]> => {
      const progressFile = join(directory, String(number));
      const argument = {
        number,
        pauseMs: [0.5, 2, 20][Math.floor(random() * 3)],
        isBlocking: random() < 0.5,
        flushIntervalMs: FLUSH_INTERVAL_MS,
        progressFile,
      };
      const lifeMs = 200 + random() * 1_000;
      const child = new TrainingChild("faults/log-until-killed.mjs", argument, address, env);
      await child.says("\n");
      await sleep(lifeMs);
      child.process.kill("SIGKILL");
      expect((await child.ended).signal, child.stderr).toBe("SIGKILL");
      const bytes = readFileSync(progressFile);
      return [
        child.runId,
        new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7))),
      ];
    };
    const numbers = Array.from({ length: CHILDREN }, (_, number) => number);
    const victims: (readonly [string, Float64Array])[] = [];
    const killNext = async () => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift())
        victims.push(await killOne(number));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, killNext));
    await replaySpool({ address, spool, env });

    const { tracking, close } = storeAt(server, "killed");
    const experimentId = (await tracking.getExperimentByName("killed"))?.id as string;
    const { items } = await tracking.searchRuns({ experimentIds: [experimentId], viewType: "active", maxResults: 100 });
    expect(items).toHaveLength(CHILDREN);
    for (const [runId, loggedAt] of victims) {
      const { steps, values } = await tracking.metricHistory(runId, "loss");
      // Each once, without a hole.
      expect([...steps], runId).toEqual(Array.from(steps, (_, index) => index));
      expect([...values], runId).toEqual([...steps]);
      const firstMissing = loggedAt[steps.length];
      if (firstMissing !== undefined)
        expect((loggedAt.at(-1) as number) - firstMissing, runId).toBeLessThanOrEqual(FLUSH_INTERVAL_MS);
    }
    await close();
  });
});
