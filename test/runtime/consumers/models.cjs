const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { loadModel, saveModel } = require("tidemark/models");

async function main() {
  const ort = require(process.argv[2]);
  if (ort.env.wasm !== undefined) ort.env.wasm.numThreads = 1;
  await saveModel("loss", readFileSync(join(__dirname, "loss.onnx")), { ort, inputExample: { data: [0.5], dims: [] } });
  await saveModel("doubling", { module: join(__dirname, "doubling.mjs") }, { inputExample: [1, 2] });
  const loss = await loadModel("loss", { ort });
  const doubling = await loadModel("doubling", { allowCode: true });
  const { loss: answer } = await loss.predict(await loss.inputExample());
  console.log(JSON.stringify([loss.flavor, doubling.flavor, answer.data[0], await doubling.predict([1, 2])]));
  await loss.close();
  await doubling.close();
}

main();
