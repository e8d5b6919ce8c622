import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { onTestFinished } from "vitest";
import { setLogger } from "../../src/base/diagnostics.ts";
import { configure } from "../../src/fluent/configure.ts";
import { fsBackend } from "../../src/fs/fs-backend.ts";
import type { LoggedModel } from "../../src/schema/model.ts";
import type { RunEntity } from "../../src/schema/run.ts";
import { type AutologOptions, autolog, type TensorFlow } from "../../src/tfjs/index.ts";
import { Client } from "../../src/tracking/client.ts";
import { temporaryDirectory } from "./mlruns.ts";

/** What autolog has recorded in a directory of this test's own. */
export class Recording {
  readonly warnings: string[] = [];
  readonly client: Client;
  readonly mlruns: string;

  constructor() {
    this.mlruns = join(temporaryDirectory(), "mlruns");
    this.client = new Client(fsBackend({ directory: this.mlruns }));
    setLogger({ debug: () => {}, info: () => {}, warn: (message) => this.warnings.push(message) });
    onTestFinished(() => setLogger(undefined));
    configure({ trackingUri: this.mlruns });
  }

  /** Every run, the oldest first. */
  async runs(): Promise<RunEntity[]> {
    const experiments = [];
    for await (const { id } of this.client.experiments.search()) experiments.push(id);
    if (experiments.length === 0) return [];
    const runs = [];
    for await (const run of this.client.runs.search({ experimentIds: experiments })) runs.push(run);
    return runs.sort((a, b) => a.startTime - b.startTime);
  }

  /** The one run there is. */
  async run(): Promise<RunEntity> {
    const runs = await this.runs();
    const [run] = runs;
    if (run === undefined || runs.length > 1) throw new Error(`there are ${runs.length} runs`);
    return run;
  }

  async history(runId: string, key: string): Promise<{ steps: number[]; values: number[] }> {
    const { steps, values } = await this.client.runs.metricHistory(runId, key);
    return { steps: [...steps], values: [...values] };
  }

  async artifacts(runId: string, path?: string): Promise<string[]> {
    const listed = await this.client.artifacts.list(path === undefined ? { runId } : { runId, path });
    return listed.map((file) => file.path).filter((name) => name !== "git");
  }

  /** The logged models of a run, in the order it made them. */
  async models(runId: string): Promise<LoggedModel[]> {
    const { modelOutputs } = await this.client.runs.get(runId);
    return await Promise.all(modelOutputs.map(({ modelId }) => this.client.loggedModels.get(modelId)));
  }

  /** Where the files of the one model of a run are. */
  async modelDirectory(runId: string): Promise<string> {
    const [model] = await this.models(runId);
    if (model === undefined) throw new Error(`run ${runId} has no model`);
    return fileURLToPath(model.artifactLocation);
  }

  async json(runId: string, path: string): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(await this.client.artifacts.read({ runId, path })));
  }
}

/** Starts autolog for one test. */
export function record(options: AutologOptions = {}, namespace: TensorFlow = tf): Recording {
  const recording = new Recording();
  const { disable } = autolog(namespace, options);
  onTestFinished(disable);
  return recording;
}

const FEATURES = 4;
const CLASSES = 3;
const EXAMPLES = 60;

/** A network whose weights are the same each time. */
export function classifier(optimizer: string | tf.Optimizer = "adam"): tf.Sequential {
  const kernelInitializer = tf.initializers.heNormal({ seed: 7 });
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 8, inputShape: [FEATURES], activation: "relu", kernelInitializer }));
  model.add(tf.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer }));
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** Flowers, nearly: the class is where the sum of the features falls. */
export function flowers(): { x: tf.Tensor2D; y: tf.Tensor2D; classes: readonly number[] } {
  const rows = Array.from({ length: EXAMPLES }, (_, row) =>
    Array.from({ length: FEATURES }, (_, column) => Math.sin(row * 12.9 + column * 78.2)),
  );
  const classes = rows.map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return sum < -0.5 ? 0 : sum < 0.5 ? 1 : 2;
  });
  const y = classes.map((chosen) => Array.from({ length: CLASSES }, (_, index) => Number(index === chosen)));
  return { x: tf.tensor2d(rows), y: tf.tensor2d(y), classes };
}

/** What a person would have written down: every value that TensorFlow.js tells a callback of the user's. */
export interface Seen {
  readonly batches: Record<string, number>[];
  readonly epochs: Record<string, number>[];
  readonly callback: tf.CustomCallbackArgs;
}

export function handWritten(): Seen {
  const batches: Record<string, number>[] = [];
  const epochs: Record<string, number>[] = [];
  const callback: tf.CustomCallbackArgs = {
    onBatchEnd: (_batch, logs) => void batches.push({ ...(logs as Record<string, number>) }),
    onEpochEnd: (_epoch, logs) => void epochs.push({ ...(logs as Record<string, number>) }),
  };
  return { batches, epochs, callback };
}
