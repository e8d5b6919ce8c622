import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { formatMlmodel } from "../../src/mlmodel/mlmodel-file.ts";
import { newMlmodel } from "../../src/mlmodel/new-mlmodel.ts";
import { exportOnnx } from "../../src/onnx-export/index.ts";
import { temporaryDirectory } from "./mlruns.ts";

const tensor = (name: string, columns: number) => ({
  name,
  type: "tensor" as const,
  "tensor-spec": { dtype: "float32" as const, shape: [-1, columns] },
});

/** A local directory with a model that Python loads: four numbers in, their sum twice out. Gone after the test. */
export function onnxModelDirectory(ids: { readonly runId?: string } = {}): string {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [4], kernelInitializer: "ones" })],
  });
  const directory = join(temporaryDirectory(), "model");
  mkdirSync(directory);
  writeFileSync(join(directory, "model.onnx"), exportOnnx(model));
  const flavors = {
    onnx: { data: "model.onnx", providers: ["CPUExecutionProvider"] },
    python_function: { loader_module: "mlflow.onnx", data: "model.onnx" },
  };
  const [input, output] = [model.inputNames[0] as string, model.outputNames[0] as string];
  const signature = { inputs: [tensor(input, 4)], outputs: [tensor(output, 2)] };
  writeFileSync(join(directory, "MLmodel"), formatMlmodel(newMlmodel({ flavors, signature, ...ids })));
  return directory;
}
