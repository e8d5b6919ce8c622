// A training that dies behind its last checkpoint, and goes on from there: what it had logged since is gone, and nothing is there twice.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { connect, startRun } from "tidemark";

/** Stands for a training: a weight, and two batches an epoch. */
async function train(run, { from, to, diesIn }) {
  let { weight } = from === 0 ? { weight: 0 } : JSON.parse(await readFile("checkpoint.json", "utf8"));
  for (let epoch = from; epoch < to; epoch++) {
    for (let batch = 0; batch < 2; batch++) {
      weight += 1;
      run.logMetric("batch/loss", 1 / weight);
      if (epoch === diesIn) throw new Error("out of memory");
    }
    run.logMetric("loss", 1 / weight);
    // The checkpoint first, then the mark: so there is always a checkpoint for the newest mark.
    await writeFile("checkpoint.json", JSON.stringify({ weight, epoch: epoch + 1 }));
    run.mark("checkpoint");
    await run.flush();
  }
}

const first = await startRun({ experiment: "examples", name: "rewound" });
await train(first, { from: 0, to: 5, diesIn: 3 }).catch((error) => console.log(`epoch 3: ${error.message}`));
await first.end({ status: "FAILED" });

// Usually another process, on another machine.
const second = await startRun({ runId: first.id, fromMark: "checkpoint" });
const { epoch } = JSON.parse(await readFile("checkpoint.json", "utf8"));
await train(second, { from: epoch, to: 5 });
await second.end();

const client = await connect();
const batches = await client.runs.metricHistory(second.id, "batch/loss");
assert.deepEqual([...batches.steps], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
assert.deepEqual(
  [...batches.values],
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((weight) => 1 / weight),
);
console.log(`run ${second.id}: ${batches.steps.length} batches, as if nothing had happened`);
