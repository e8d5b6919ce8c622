// A model of ONNX is logged, registered and loaded by its alias; one that is code is saved and loaded.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { connect, withRun } from "tidemark";
import { loadModel, logModel, saveModel } from "tidemark/models";
import { promote } from "tidemark/registry";

async function main(files: string): Promise<void> {
  // Threads would keep the process alive.
  if (ort.env.wasm !== undefined) ort.env.wasm.numThreads = 1;

  const bytes = readFileSync(join(files, "loss.onnx"));
  await withRun({ experiment: "matrix" }, async (run) => {
    const inputExample = { data: [0.5], dims: [] };
    await logModel(run, bytes, { ort, name: "loss", inputExample, registeredModelName: "loss", alias: "challenger" });
  });
  await promote({ from: "models:/loss@challenger", to: { alias: "champion" } });
  const loss = await loadModel("models:/loss@champion", { ort });
  const example = await loss.inputExample();
  if (example === undefined) throw new Error("the model has no input example");
  const answer = (await loss.predict(example)) as { loss: { data: Float32Array } };

  await saveModel("doubling", { module: join(files, "doubling.mjs") }, { inputExample: [1, 2] });
  const doubling = await loadModel("doubling", { allowCode: true });

  const client = await connect();
  const versions = [];
  for await (const { name, version, aliases } of client.registry.searchVersions())
    versions.push([name, version, aliases]);
  console.log(JSON.stringify({ versions, loss: answer.loss.data[0], doubled: await doubling.predict([1, 2]) }));
  await loss.close();
  await doubling.close();
  await client.close();
}

main(process.argv[2] ?? "");
