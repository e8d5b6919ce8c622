import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { fillDirectory, killSync, syncToTheEnd } from "../support/interrupted-sync.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { contentOf } from "../support/synced-stores.ts";

const KILLS = 50;
/** Then what is left to do is little: a new target. */
const KILLS_OF_ONE_TARGET = 5;

async function filled() {
  const from = join(temporaryDirectory(), "mlruns");
  await fillDirectory(from, 60, 200);
  return { from, expected: await contentOf(await connect(from)) };
}

describe("a sync to a directory", () => {
  it(`ends with an equal copy after SIGKILL at ${KILLS} random moments`, async () => {
    const { from, expected } = await filled();
    const newTarget = () => join(temporaryDirectory(), "mlruns");
    const { elapsedMs } = await syncToTheEnd(from, newTarget());
    let interrupted = 0;
    for (let kill = 0; kill < KILLS; ) {
      const to = newTarget();
      for (let i = 0; i < KILLS_OF_ONE_TARGET; i++, kill++) {
        // The first one has most to do.
        if (await killSync(from, to, i === 0 ? elapsedMs : elapsedMs / 2)) interrupted++;
      }
      expect(await syncToTheEnd(from, to)).toMatchObject({ conflicts: [], failures: [] });
      expect(await contentOf(await connect(to))).toEqual(expected);
      expect(await syncToTheEnd(from, to)).toMatchObject({ isEqual: true });
    }
    console.log(`SIGKILL: ${interrupted} of ${KILLS} syncs were still at work, of ${elapsedMs.toFixed(0)} ms each`);
    expect(interrupted).toBeGreaterThan(KILLS / 2);
  }, 600_000);

  it("does no harm to another one that goes on at the same time", async () => {
    const { from, expected } = await filled();
    for (let round = 0; round < 3; round++) {
      const to = join(temporaryDirectory(), "mlruns");
      const answers = await Promise.all([1, 2, 3].map(() => syncToTheEnd(from, to)));
      expect(answers.flatMap(({ conflicts, failures }) => [...conflicts, ...failures])).toEqual([]);
      expect(await contentOf(await connect(to))).toEqual(expected);
      expect(await syncToTheEnd(from, to)).toMatchObject({ isEqual: true });
    }
  });
});
