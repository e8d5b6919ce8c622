// Loads a model that Python has saved, and asks it: a regression on the irises, made by scikit-learn and written as ONNX.
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { loadModel } from "tidemark/models";
import { loadIrises, SPECIES } from "./support/irises.mjs";

const model = await loadModel(fileURLToPath(new URL("data/iris-model", import.meta.url)), { ort });
console.log(`flavors ${model.flavors.join(", ")}; trained with ${model.metadata["trained with"]}`);
for (const { name, type } of model.signature.inputs) console.log(`  takes ${name}, ${type}`);

// Its signature has columns, so it is asked with rows, as in Python; the names are checked, and the values.
const example = await model.inputExample();
for (const { species, probabilities } of await model.predict(example)) console.log(species, probabilities);

const { lengths, species } = loadIrises({ seed: 1 });
const columns = model.signature.inputs.map(({ name }) => name);
const rows = lengths.map((flower) => Object.fromEntries(columns.map((column, index) => [column, flower[index]])));
const answers = await model.predict(rows);
const right = answers.filter((answer, index) => answer.species === SPECIES[species[index]]).length;
console.log(`${right} of ${rows.length} irises are recognized`);

await model.predict([{ ...rows[0], petal_width: "wide" }]).catch(({ message }) => console.log(message));
await model.close();
if (right < 140) throw new Error("the model is not what Python has saved");
