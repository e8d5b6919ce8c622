// A model of some dense layers as ONNX, against one copy of its weights.
import { writeFileSync } from "node:fs";
import { growthOf, report, count as sizeMb, variant } from "./support.mjs";

/** 4 MB each: 1,000 inputs and outputs. */
const WIDTH = 1_000;
const layerMb = (WIDTH * WIDTH * 4) / 1e6;

/** The same for others to read. */
async function file() {
  const { exportOnnx, model } = await build();
  return () => writeFileSync(process.argv[4], exportOnnx(model));
}

async function tidemark() {
  const { exportOnnx, model } = await build();
  return () => {
    const { length } = exportOnnx(model);
    if (length < sizeMb * 1e6) throw new Error(`${length} bytes`);
  };
}

async function build() {
  const tf = await import("@tensorflow/tfjs");
  const { exportOnnx } = await import("tidemark/onnx-export");
  tf.enableProdMode();
  const dense = () => tf.layers.dense({ units: WIDTH, kernelInitializer: "glorotUniform" });
  const modelOf = (layers) => {
    const input = tf.input({ shape: [WIDTH] });
    return tf.model({ inputs: input, outputs: layers.reduce((value, layer) => layer.apply(value), input) });
  };
  // Code that is compiled with the first export is compiled once.
  exportOnnx(modelOf([tf.layers.dense({ units: 2 })]));
  return { exportOnnx, model: modelOf(Array.from({ length: Math.round(sizeMb / layerMb) }, dense)) };
}

async function memoryCopy() {
  const layers = Array.from({ length: Math.round(sizeMb / layerMb) }, () => new Float32Array(WIDTH * WIDTH).fill(0.5));
  return () => {
    const copy = new Uint8Array(sizeMb * 1e6);
    for (const [index, layer] of layers.entries()) {
      copy.set(new Uint8Array(layer.buffer), index * layerMb * 1e6);
    }
    if (copy.at(-1) === 0) throw new Error("nothing was copied");
  };
}

report(await growthOf(await { memoryCopy, tidemark, file }[variant]()));
