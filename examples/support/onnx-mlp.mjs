// A classifier with one hidden layer, as two ONNX models: one that makes a step of its training, one that only predicts.
import { constant, FLOAT, INT64, model, node, value } from "./onnx-writer.mjs";

const weights = (inputs, hidden, classes) => [
  value("W1", FLOAT, [inputs, hidden]),
  value("b1", FLOAT, [hidden]),
  value("W2", FLOAT, [hidden, classes]),
  value("b2", FLOAT, [classes]),
];

const forward = [
  node("Gemm", ["x", "W1", "b1"], ["z1"]),
  node("Relu", ["z1"], ["h"]),
  node("Gemm", ["h", "W2", "b2"], ["z2"]),
];

/** One weight a step further down its gradient. */
const descend = (weight, gradient) => [
  node("Mul", ["lr", gradient], [`${gradient}_lr`]),
  node("Sub", [weight, `${gradient}_lr`], [`${weight}_new`]),
];

/**
 * A step of stochastic gradient descent as a graph of standard operations: batch, learning rate and weights go in; loss, accuracy
 * and the new weights come out, to be fed to the next step.
 */
export function trainingStepModel({ inputs, hidden, classes }) {
  return model({
    name: "mlp-sgd-step",
    inputs: [
      value("x", FLOAT, ["batch", inputs]),
      value("y", INT64, ["batch"]),
      value("lr", FLOAT, []),
      ...weights(inputs, hidden, classes),
    ],
    outputs: [
      value("loss", FLOAT, []),
      value("accuracy", FLOAT, []),
      value("W1_new", FLOAT, [inputs, hidden]),
      value("b1_new", FLOAT, [hidden]),
      value("W2_new", FLOAT, [hidden, classes]),
      value("b2_new", FLOAT, [classes]),
    ],
    constants: [
      constant("zero", Float32Array.of(0)),
      constant("first", BigInt64Array.of(0n)),
      constant("rows", BigInt64Array.of(0n), [1]),
      constant("depth", BigInt64Array.of(BigInt(classes))),
      constant("off_on", Float32Array.of(0, 1), [2]),
    ],
    nodes: [
      ...forward,
      // Cross entropy, averaged over the batch.
      node("LogSoftmax", ["z2"], ["logp"], { axis: 1 }),
      node("OneHot", ["y", "depth", "off_on"], ["target"], { axis: 1 }),
      node("Mul", ["target", "logp"], ["likelihoods"]),
      node("ReduceSum", ["likelihoods"], ["likelihood"], { keepdims: 0 }),
      node("Neg", ["likelihood"], ["loss_sum"]),
      node("Shape", ["x"], ["x_shape"]),
      node("Gather", ["x_shape", "first"], ["count"], { axis: 0 }),
      node("Cast", ["count"], ["n"], { to: FLOAT }),
      node("Div", ["loss_sum", "n"], ["loss"]),
      node("ArgMax", ["z2"], ["predicted"], { axis: 1, keepdims: 0 }),
      node("Equal", ["predicted", "y"], ["is_right"]),
      node("Cast", ["is_right"], ["right"], { to: FLOAT }),
      node("ReduceMean", ["right"], ["accuracy"], { keepdims: 0 }),
      // Gradients, from the loss back to the weights.
      node("Exp", ["logp"], ["p"]),
      node("Sub", ["p", "target"], ["p_error"]),
      node("Div", ["p_error", "n"], ["dz2"]),
      node("Gemm", ["h", "dz2"], ["dW2"], { transA: 1 }),
      node("ReduceSum", ["dz2", "rows"], ["db2"], { keepdims: 0 }),
      node("Gemm", ["dz2", "W2"], ["dh"], { transB: 1 }),
      node("Greater", ["z1", "zero"], ["is_on"]),
      node("Cast", ["is_on"], ["on"], { to: FLOAT }),
      node("Mul", ["dh", "on"], ["dz1"]),
      node("Gemm", ["x", "dz1"], ["dW1"], { transA: 1 }),
      node("ReduceSum", ["dz1", "rows"], ["db1"], { keepdims: 0 }),
      ...descend("W1", "dW1"),
      ...descend("b1", "db1"),
      ...descend("W2", "dW2"),
      ...descend("b2", "db2"),
    ],
  });
}

/** The same network with its weights inside: pixels in, the probability of each class out. `W1` and so on are Float32Arrays. */
export function predictionModel({ inputs, hidden, classes }, { W1, b1, W2, b2 }) {
  return model({
    name: "mlp",
    inputs: [value("x", FLOAT, ["batch", inputs])],
    outputs: [value("probabilities", FLOAT, ["batch", classes])],
    constants: [
      constant("W1", W1, [inputs, hidden]),
      constant("b1", b1, [hidden]),
      constant("W2", W2, [hidden, classes]),
      constant("b2", b2, [classes]),
    ],
    nodes: [...forward, node("Softmax", ["z2"], ["probabilities"], { axis: 1 })],
  });
}

/** Weights to begin with, as He and others scale them; the same seed makes the same. */
export function initialWeights({ inputs, hidden, classes }, { seed }) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const layer = (from, to) => Float32Array.from({ length: from * to }, () => normal() * Math.sqrt(2 / from));
  return {
    W1: layer(inputs, hidden),
    b1: new Float32Array(hidden),
    W2: layer(hidden, classes),
    b2: new Float32Array(classes),
  };
}
