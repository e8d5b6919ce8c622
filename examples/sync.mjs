// Copies a directory of runs to another store, follows a training that goes on, and looks at what two stores have otherwise.
import { setTimeout as sleep } from "node:timers/promises";
import { connect, startRun } from "tidemark";
import { sync } from "tidemark/sync";

const from = await connect();
const to = await connect("./copy/mlruns");

// A copy follows a run while it is trained.
const stop = new AbortController();
const following = sync({ from, to, follow: true, signal: stop.signal });
const run = await startRun({ client: from, experiment: "sync", params: { lr: 0.1 } });
for (let step = 0; step < 20; step++) {
  run.logMetric("loss", 1 / (step + 1));
  await sleep(100);
}
await run.end();
await sleep(3_000);
stop.abort();
const { copied } = await following;
console.log(`copied while it was trained: ${copied.runs} run, ${copied.values} values`);
console.log("the copy's last loss:", (await to.runs.get(run.id)).metrics.loss);

// What is equal is left alone.
const again = await sync({ from, to });
console.log("equal:", again.isEqual);

// What both have otherwise is listed, and only written where that is asked for.
await to.runs.setTag({ runId: run.id, key: "reviewed", value: "no" });
await from.runs.setTag({ runId: run.id, key: "reviewed", value: "yes" });
const { conflicts } = await sync({ from, to });
for (const { where, what, source, target } of conflicts)
  console.log(`${where}: ${what} is ${source} here, ${target} there`);
await sync({ from, to, overwrite: true });
console.log("reviewed:", (await to.runs.get(run.id)).tags.reviewed);

await from.close();
await to.close();
