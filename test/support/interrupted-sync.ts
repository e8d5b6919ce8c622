import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/index.ts";
import { seriesBatch } from "../contract/batches.ts";
import { fillStore } from "./synced-stores.ts";
import { TrainingChild } from "./training-child.ts";

/** What the program of a sync says at its end. */
export interface SyncAnswer {
  readonly copied: Readonly<Record<string, number>>;
  readonly isEqual: boolean;
  readonly conflicts: readonly unknown[];
  readonly failures: readonly unknown[];
}

/** A directory with something of everything, and with some small runs. */
export async function fillDirectory(directory: string, runs: number, values: number): Promise<void> {
  const client = await connect(directory);
  await fillStore(client, { awkward: false });
  const { tracking } = client.backend;
  const experimentId = await client.experiments.create({ name: "many" });
  for (let i = 0; i < runs; i++) {
    const { id, artifactUri } = await tracking.createRun({
      experimentId,
      name: `run ${i}`,
      startTime: 1_700_000_000_000 + i,
    });
    const sink = await tracking.openSink(id);
    const points = Array.from({ length: values }, (_, step): [number, number, number, number] => [
      step % 2,
      step / 7,
      step,
      step,
    ]);
    if ("writeSync" in sink) sink.writeSync(seriesBatch([{ key: "loss" }, { key: "val/loss" }], points));
    await sink.close();
    await client.backend.artifacts(artifactUri).write("note.txt", Buffer.from(`run ${i}`));
    if (i % 3 > 0) await tracking.updateRun({ runId: id, status: "FINISHED", endTime: 1_700_000_100_000 + i });
  }
  await client.close();
}

/** What the program of a sync is started with beside its arguments, such as the keys of a bucket. */
type Environment = Readonly<Record<string, string>>;

const start = (from: string, to: string, env?: Environment) => new TrainingChild("sync.mjs", { from, to }, from, env);

/** Lets a sync go to its end in a process of its own. */
export async function syncToTheEnd(
  from: string,
  to: string,
  env?: Environment,
): Promise<SyncAnswer & { readonly elapsedMs: number }> {
  const child = start(from, to, env);
  await child.says("begins");
  const begun = performance.now();
  const { code } = await child.ended;
  if (code !== 0) throw new Error(child.stderr);
  const answer = JSON.parse(child.stdout.trim().split("\n").at(-1) as string) as SyncAnswer;
  return { ...answer, elapsedMs: performance.now() - begun };
}

/** Kills a sync at a random moment within some time. Answers whether it was still at work. */
export async function killSync(from: string, to: string, withinMs: number, env?: Environment): Promise<boolean> {
  const child = start(from, to, env);
  await child.says("begins");
  await sleep(Math.random() * withinMs);
  child.process.kill("SIGKILL");
  return (await child.ended).signal === "SIGKILL";
}
