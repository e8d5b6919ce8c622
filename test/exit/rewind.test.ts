import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { connect, startRun } from "../../src/index.ts";
import { runDirectory, temporaryDirectory } from "../support/mlruns.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { TrainingChild } from "../support/training-child.ts";

const KILLS = 30;
const KEYS = 150;
/** Steps before the mark. */
const KEPT = 3;
/** The first life is the one that made the mark. */
const FIRST_LIFE = 1;
const quiet = { captureEnvironment: false };

it(`a run that is being taken back is killed ${KILLS} times: it is as before or taken back, and never both (seed ${SEED})`, async () => {
  const directory = temporaryDirectory();
  const mlruns = join(directory, "mlruns");
  const random = randomFrom(SEED);
  const run = await startRun({ client: await connect(mlruns), ...quiet });
  const names = Array.from({ length: KEYS }, (_, key) => `layer ${key}/norm`);
  const logAll = () => {
    for (const name of names) run.logMetric(name, FIRST_LIFE);
  };
  for (let step = 0; step < KEPT; step++) logAll();
  run.mark("checkpoint");
  for (let step = 0; step < 4; step++) logAll();
  await run.end({ status: "FAILED" });

  let before = await livesBehindTheMark(mlruns, run.id, names);
  const seen = { old: 0, new: 0, unfinished: 0 };
  let longestMs = 100;
  for (let life = FIRST_LIFE + 1; life <= FIRST_LIFE + KILLS; life++) {
    // What is killed stays RUNNING, and nobody would be let at it for two seconds.
    await (await connect(mlruns)).runs.update({ runId: run.id, status: "FAILED" });
    const progressFile = join(directory, String(life));
    const child = new TrainingChild(
      "rewind-until-killed.mjs",
      { runId: run.id, life, keys: KEYS, progressFile },
      mlruns,
    );
    await child.says("ready");
    const begun = Date.now();
    await Promise.race([sleep(random() * longestMs), child.ended]);
    child.process.kill("SIGKILL");
    expect(await child.ended, child.stderr).toEqual({ code: null, signal: "SIGKILL" });

    const place = runDirectory(mlruns, run.id);
    if (existsSync(join(place, ".tidemark", "rewind"))) seen.unfinished++;
    // A reader first, then a writer, which finishes what is left.
    const read = await livesBehindTheMark(mlruns, run.id, names);
    const sink = await (await connect(mlruns)).backend.tracking.openSink(run.id);
    await sink.close();
    expect(existsSync(join(place, ".tidemark", "rewind"))).toBe(false);
    const after = await livesBehindTheMark(mlruns, run.id, names);
    expect(after, "what a reader sees, and what a writer makes of it").toEqual(read);

    const logged = existsSync(progressFile) ? progressOf(progressFile) : undefined;
    const isOld = after.life === before.life && after.shortest === before.shortest && after.longest === before.longest;
    if (isOld && logged === undefined) seen.old++;
    else {
      // Taken back, and gone on: nothing of any earlier life, everything that was said to be there.
      expect([undefined, life]).toContain(after.life);
      expect(after.shortest).toBeGreaterThanOrEqual(logged ?? 0);
      seen.new++;
    }
    if (logged === undefined) longestMs = Math.min(2_000, Math.max(longestMs, 1.5 * (Date.now() - begun)));
    before = after;
  }
  console.log(`${KILLS} kills: ${seen.old} as before, ${seen.new} taken back, ${seen.unfinished} left to be finished`);
  expect(seen.old).toBeGreaterThan(0);
  expect(seen.new).toBeGreaterThan(0);
  expect(readdirSync(join(runDirectory(mlruns, run.id), ".tidemark"))).toEqual(["marks"]);
}, 300_000);

interface Behind {
  /** In which life all that is behind the mark was logged; `undefined` where there is nothing. */
  readonly life: number | undefined;
  /** How many values there are behind the mark, at least and at most. */
  readonly shortest: number;
  readonly longest: number;
}

/** Every key has what is before the mark, and behind it values of one life only. */
async function livesBehindTheMark(mlruns: string, runId: string, names: readonly string[]): Promise<Behind> {
  const client = await connect(mlruns);
  const lives = new Set<number>();
  const lengths: number[] = [];
  for (const name of names) {
    const { steps, values } = await client.runs.metricHistory(runId, name);
    expect([...steps], name).toEqual(Array.from(steps, (_, step) => step));
    expect([...values.subarray(0, KEPT)], name).toEqual(Array(KEPT).fill(FIRST_LIFE));
    for (const value of values.subarray(KEPT)) lives.add(value);
    lengths.push(values.length - KEPT);
  }
  expect(lives.size, `values of the lives ${[...lives].join(", ")}`).toBeLessThanOrEqual(1);
  expect(Object.keys((await client.runs.get(runId)).metrics)).toHaveLength(names.length);
  return { life: [...lives][0], shortest: Math.min(...lengths), longest: Math.max(...lengths) };
}

function progressOf(file: string): number | undefined {
  const bytes = readFileSync(file);
  return bytes.length < 8 ? undefined : bytes.readDoubleLE(0);
}
