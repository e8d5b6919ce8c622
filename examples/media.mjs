// A table and a series of images, as MLflow's UI shows them: the table among the run's artifacts, the images under "Model metrics".
import { connect, withRun } from "tidemark";

const SIZE = 320;

/** Two waves that meet, as grey values from 0 to 1. */
function waves(step) {
  const data = new Float32Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const near = Math.sin(Math.hypot(x - 80, y - 160) / 6 - step);
      const far = Math.sin(Math.hypot(x - 240, y - 160) / 6 - step);
      data[y * SIZE + x] = (near + far + 2) / 4;
    }
  }
  return { data, width: SIZE, height: SIZE };
}

const runId = await withRun({ experiment: "examples", name: "media" }, async (run) => {
  for (let step = 0; step < 5; step++) {
    await run.logImage(waves(step), { key: "waves/interference", step });
    // Rows are added to the table that is there.
    await run.logTable([{ step, brightest: Math.max(...waves(step).data), picture: waves(step) }], "waves.json");
  }
  await run.logImage(waves(0), "plots/first.png");
  return run.id;
});

const client = await connect();
const table = JSON.parse(new TextDecoder().decode(await client.artifacts.read({ runId, path: "waves.json" })));
console.log(table.columns.join(", "));
for (const [step, brightest, picture] of table.data) console.log(step, brightest.toFixed(3), picture.filepath);
const images = await client.artifacts.list({ runId, path: "images" });
console.log(`${images.length} files in images/, half of them small ones for lists`);
