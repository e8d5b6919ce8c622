import * as tf from "@tensorflow/tfjs";
import { ACTIVATIONS as ALL_ACTIVATIONS } from "../../../src/onnx-export/layers/activations.ts";
import { type ModelCase, type ModelCases, modelOf } from "../onnx-equality.ts";

const { layers } = tf;

type RecurrentOptions = Partial<Parameters<typeof layers.lstm>[0]>;

const KINDS = {
  SimpleRNN: (options: RecurrentOptions) => layers.simpleRNN({ units: 4, ...options } as never),
  LSTM: (options: RecurrentOptions) => layers.lstm({ units: 4, ...options } as never),
  GRU: (options: RecurrentOptions) => layers.gru({ units: 4, ...options } as never),
};

const OPTIONS: Readonly<Record<string, RecurrentOptions>> = {
  "with defaults": {},
  "without bias": { useBias: false },
  "all steps": { returnSequences: true },
  backwards: { goBackwards: true },
  "backwards, all steps": { goBackwards: true, returnSequences: true },
  "with its states": { returnState: true },
  "all steps with its states": { returnSequences: true, returnState: true },
  "with dropout, which training alone has": { dropout: 0.5, recurrentDropout: 0.5 },
};

const ACTIVATIONS = Object.keys(ALL_ACTIVATIONS) as "relu"[];

/** A model whose outputs are all that a layer answers. */
function allOutputs(layer: tf.layers.Layer, shape: (number | null)[] = [5, 3]): tf.LayersModel {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor[] });
}

function withInitialStates(layer: tf.layers.Layer, states: number): tf.LayersModel {
  const sequence = tf.input({ shape: [5, 3] });
  const initial = Array.from({ length: states }, () => tf.input({ shape: [4] }));
  const outputs = layer.apply(sequence, { initialState: initial }) as tf.SymbolicTensor;
  return tf.model({ inputs: [sequence, ...initial], outputs });
}

const cells = () => [
  tf.layers.lstmCell({ units: 4 }),
  tf.layers.gruCell({ units: 3 }),
  tf.layers.simpleRNNCell({ units: 2 }),
];

/** Sentences of different lengths, with zeros behind them, before them, and between. */
const SENTENCES = () => [
  tf.tensor2d([
    [3, 1, 4, 0, 0],
    [0, 0, 2, 6, 5],
    [1, 0, 5, 0, 2],
    [0, 0, 0, 0, 0],
  ]),
];

/** Words with a mask, and layers behind them. */
function reading(...after: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [5] });
  let x: unknown = layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true }).apply(input);
  for (const layer of after) x = layer.apply(x as tf.SymbolicTensor);
  return tf.model({ inputs: input, outputs: x as tf.SymbolicTensor[] });
}

const masked = (name: string, ...after: (() => tf.layers.Layer)[]): ModelCase => [
  name,
  () => reading(...after.map((make) => make())),
  { inputs: SENTENCES() },
];

const MERGE_MODES = ["concat", "sum", "mul", "ave"] as const;

/** Recurrent layers, wrappers of layers, and masks. */
export const recurrentCases: ModelCases = {
  ...Object.fromEntries(
    Object.entries(KINDS).map(([name, layer]): [string, ModelCase[]] => [
      name,
      [
        ...Object.entries(OPTIONS).map(([what, options]): ModelCase => [what, () => allOutputs(layer(options))]),
        ...ACTIVATIONS.map((activation): ModelCase => [activation, () => allOutputs(layer({ activation }))]),
        ...ACTIVATIONS.filter(() => name !== "SimpleRNN").map(
          (recurrentActivation): ModelCase => [
            `${recurrentActivation} at the gates`,
            () => allOutputs(layer({ recurrentActivation })),
          ],
        ),
        ["of any length", () => allOutputs(layer({ returnSequences: true }), [null, 3])],
        ["with initial states", () => withInitialStates(layer({}), name === "LSTM" ? 2 : 1)],
      ],
    ]),
  ),
  RNN: [
    ["of one cell", () => allOutputs(layers.rnn({ cell: layers.lstmCell({ units: 4 }), returnSequences: true }))],
    ["of stacked cells", () => allOutputs(layers.rnn({ cell: cells() as never }))],
    ["of stacked cells, backwards", () => allOutputs(layers.rnn({ cell: cells() as never, goBackwards: true }))],
    ["of stacked cells with their states", () => allOutputs(layers.rnn({ cell: cells() as never, returnState: true }))],
  ],
  Bidirectional: [
    ...MERGE_MODES.flatMap((mergeMode): ModelCase[] => [
      [mergeMode, () => allOutputs(layers.bidirectional({ layer: KINDS.LSTM({}) as never, mergeMode }))],
      [
        `${mergeMode}, all steps`,
        () => allOutputs(layers.bidirectional({ layer: KINDS.GRU({ returnSequences: true }) as never, mergeMode })),
      ],
    ]),
    [
      "with its states",
      () =>
        allOutputs(layers.bidirectional({ layer: KINDS.LSTM({ returnState: true }) as never, mergeMode: "concat" })),
    ],
    [
      "not merged",
      () => allOutputs(layers.bidirectional({ layer: KINDS.SimpleRNN({}) as never, mergeMode: null as never })),
    ],
    [
      "of a layer that runs backwards, all steps",
      () =>
        allOutputs(
          layers.bidirectional({
            layer: KINDS.GRU({ goBackwards: true, returnSequences: true }) as never,
            mergeMode: "concat",
          }),
        ),
    ],
    [
      "of a layer that runs backwards",
      () =>
        allOutputs(layers.bidirectional({ layer: KINDS.LSTM({ goBackwards: true }) as never, mergeMode: "concat" })),
    ],
  ],
  TimeDistributed: [
    ["Dense", () => modelOf([5, 3], layers.timeDistributed({ layer: layers.dense({ units: 2 }) }))],
    ["Dense, of any length", () => modelOf([null, 3], layers.timeDistributed({ layer: layers.dense({ units: 2 }) }))],
    [
      "Conv2D",
      () => modelOf([2, 4, 5, 3], layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) })),
    ],
    ["Flatten", () => modelOf([2, 4, 3], layers.timeDistributed({ layer: layers.flatten() }))],
    ["LSTM", () => modelOf([2, 4, 3], layers.timeDistributed({ layer: layers.lstm({ units: 2 }) }))],
  ],
  Masks: [
    ...Object.entries(KINDS).flatMap(([name, layer]): ModelCase[] => [
      masked(name, () => layer({})),
      masked(`${name}, all steps`, () => layer({ returnSequences: true })),
      masked(`${name} backwards with its states`, () => layer({ goBackwards: true, returnState: true })),
      masked(`${name} backwards, all steps`, () => layer({ goBackwards: true, returnSequences: true })),
    ]),
    masked(
      "through layers that hand it on",
      () => layers.dropout({ rate: 0.1 }),
      () => layers.lstm({ units: 3, returnSequences: true }),
      () => layers.dense({ units: 3, activation: "tanh" }),
      () => layers.gru({ units: 2 }),
    ),
    masked("Bidirectional", () => layers.bidirectional({ layer: KINDS.LSTM({}) as never, mergeMode: "concat" })),
    masked("Bidirectional, all steps", () =>
      layers.bidirectional({ layer: KINDS.GRU({ returnSequences: true }) as never, mergeMode: "sum" }),
    ),
    masked(
      "a label for each word",
      () => layers.lstm({ units: 3, returnSequences: true }),
      () => layers.timeDistributed({ layer: layers.dense({ units: 2, activation: "softmax" }) }),
    ),
    masked("stacked cells", () => layers.rnn({ cell: cells() as never, returnState: true })),
    [
      "of a Masking layer",
      () => tf.sequential({ layers: [layers.masking({ maskValue: 9, inputShape: [3, 2] }), layers.gru({ units: 2 })] }),
      {
        inputs: [
          tf.tensor3d([
            [
              [1, 2],
              [9, 9],
              [9, 1],
            ],
            [
              [9, 9],
              [9, 9],
              [3, 4],
            ],
          ]),
        ],
      },
    ],
  ],
};
