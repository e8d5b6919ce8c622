import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { replaySpool, spoolDirectory } from "../support/faulty-training.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { PlainRest, type StoredRun } from "../support/plain-rest.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { TrainingChild } from "../support/training-child.ts";

const CHILDREN = 50;
const AT_ONCE = 3;
const FLUSH_INTERVAL_MS = 200;

/** What a killed program is known to have done. */
interface Victim {
  readonly number: number;
  readonly runId: string | undefined;
  /** When each of its values was logged, by Date.now. */
  readonly loggedAt: Float64Array;
}

describe.skipIf(leftOut("python"))(`SIGKILL at random moments (TIDEMARK_TEST_SEED=${SEED})`, () => {
  it(`of ${CHILDREN} programs loses nothing older than flushIntervalMs and doubles nothing`, async () => {
    const address = inject("mlflowAddress");
    const directory = temporaryDirectory();
    const spool = spoolDirectory();
    const random = randomFrom(SEED);

    async function killOne(number: number): Promise<Victim> {
      const progressFile = join(directory, String(number));
      const pauseMs = [0.5, 2, 20][Math.floor(random() * 3)];
      const isBlocking = random() < 0.5;
      // One in five is killed while it starts, when its run is being made.
      const isEarly = number % 5 === 4;
      const lifeMs = isEarly ? 150 + random() * 500 : 300 + random() * 1_200;
      const argument = { number, pauseMs, isBlocking, flushIntervalMs: FLUSH_INTERVAL_MS, progressFile };
      const child = new TrainingChild("faults/log-until-killed.mjs", argument, address, { TIDEMARK_SPOOL_DIR: spool });
      if (!isEarly) await child.says("\n");
      await sleep(lifeMs);
      child.process.kill("SIGKILL");
      expect((await child.ended).signal, child.stderr).toBe("SIGKILL");
      return { number, runId: child.stdout === "" ? undefined : child.runId, loggedAt: timesIn(progressFile) };
    }

    const victims: Victim[] = [];
    const numbers = Array.from({ length: CHILDREN }, (_, number) => number);
    const killNext = async () => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift())
        victims.push(await killOne(number));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, killNext));
    await replaySpool({ address, spool });

    const rest = new PlainRest(address);
    const runs = await rest.runsOf("killed");
    const losses: number[] = [];
    for (const victim of victims) losses.push(await expectSurvival(rest, runs, victim));
    const logged = victims.reduce((sum, { loggedAt }) => sum + loggedAt.length, 0);
    const lost = losses.reduce((sum, loss) => sum + loss, 0);
    console.log(
      `SIGKILL, ${CHILDREN} programs, seed ${SEED}: ${lost} of ${logged} values lost, at most ${Math.max(...losses)} of one`,
    );
    expect(victims.filter(({ loggedAt }) => loggedAt.length > 0).length).toBeGreaterThanOrEqual(0.8 * CHILDREN);
  });
});

/** Answers how many values are missing: only such as were young may be. */
async function expectSurvival(rest: PlainRest, all: readonly StoredRun[], victim: Victim): Promise<number> {
  const { number, runId, loggedAt } = victim;
  const said = `program ${number}, seed ${SEED}`;
  const runs = all.filter(({ tags, isDeleted }) => tags.child === String(number) && !isDeleted);
  expect(runs.length, said).toBeLessThanOrEqual(1);
  const [run] = runs;
  if (runId !== undefined) expect([run?.id, run?.tags["tidemark.localRunId"]], said).toContain(runId);
  const points = run === undefined ? [] : await rest.history(run.id, "loss");
  const sorted = points.toSorted((a, b) => a.step - b.step);
  // Each once, without a hole.
  expect(
    sorted.findIndex(({ value, step }, index) => value !== index || step !== index),
    said,
  ).toBe(-1);
  // One more may have been logged and killed before it was noted.
  expect(points.length, said).toBeLessThanOrEqual(loggedAt.length + 1);
  const lastSign = loggedAt.at(-1) ?? 0;
  const firstMissing = loggedAt[points.length];
  if (firstMissing !== undefined) expect(lastSign - firstMissing, said).toBeLessThanOrEqual(FLUSH_INTERVAL_MS);
  return Math.max(0, loggedAt.length - points.length);
}

function timesIn(progressFile: string): Float64Array {
  try {
    const bytes = readFileSync(progressFile);
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7)));
  } catch {
    // Killed before it had made the file.
    return new Float64Array(0);
  }
}
